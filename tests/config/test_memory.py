"""What the limits add up to."""

from dataclasses import replace
from pathlib import Path

import pytest

from shadowproxy.config import memory
from shadowproxy.config.memory import worst_case_memory
from shadowproxy.core.settings import Settings
from shadowproxy.decode import bounds
from shadowproxy.upstream import connection
from tests.config.files import BOTH, load_text


def total(settings: Settings) -> int:
    return sum(term.size_bytes for term in worst_case_memory(settings))


@pytest.mark.parametrize(
    "override",
    ["workers=8", "limits.max_connections=40000", "limits.max_head=128KiB", "limits.max_waiting=9999",
     "legacy.max_connections=4096", "shadow.max_memory=512MiB", "shadow.max_body=2MiB",
     "shadow.max_in_flight=512"],
)  # fmt: skip
def test_every_limit_counts(tmp_path: Path, override: str) -> None:
    """A larger limit is a larger sum."""
    base = load_text(tmp_path, BOTH, "workers=2").settings
    assert total(load_text(tmp_path, BOTH, "workers=2", override).settings) > total(base)


def test_without_a_candidate_shadowing_costs_nothing(tmp_path: Path) -> None:
    """Its terms are not there."""
    settings = load_text(tmp_path, BOTH).settings
    sides = {term.side for term in worst_case_memory(replace(settings, candidate=None))}
    assert sides == {"at rest", "users"}


def test_the_sum_is_that_of_the_terms_by_hand(tmp_path: Path) -> None:
    """One edge with one user: buffers both ways, a head, and the connection itself."""
    settings = load_text(
        tmp_path, BOTH, "workers=1", "limits.max_connections=1", "limits.max_head=64KiB"
    ).settings
    terms = {term.name: term.size_bytes for term in worst_case_memory(settings)}
    assert terms["connections of users"] == (15 + 64 + 64 + 2 * 250) * 1024
    assert terms["captures, copies, pairs"] == 256 << 20


def test_the_limits_of_others_are_theirs() -> None:
    """Numbers repeated here, because config stands below or beside their owners, have not moved."""
    assert memory.DECODED_BYTES == bounds.MAX_BYTES
    assert memory.TEXT_BYTES == 4 * bounds.MAX_WIDE_BYTES
    assert memory.TREE_BYTES >= bounds.MAX_NODES * 117
    assert memory.ANSWER_HEAD_BYTES == connection.MAX_HEAD_BYTES

"""The corpora are data: what must hold of them before anything is judged by them."""

import json
from collections import Counter
from typing import Any

import pytest

from shadowproxy.core.cells import OUTCOMES
from shadowproxy.core.words import Verdict
from tests.support.corpora import CORPUS, AnswerCase, RequestCase, answer_cases, request_cases
from tests.support.notation import to_bytes

CLASSES = {path.stem for path in (CORPUS / "requests").glob("*.json")}


def test_ids_are_unique() -> None:
    """A failing id names one case."""
    repeated = [name for name, count in Counter(c.id for c in request_cases()).items() if count > 1]
    assert repeated == []


def test_no_two_cases_send_the_same_bytes() -> None:
    """Each case adds something."""
    sent = Counter((case.send, case.half_close) for case in request_cases())
    twice = [case.id for case in request_cases() if sent[(case.send, case.half_close)] > 1]
    assert twice == []


def test_every_class_is_there() -> None:
    """The classes of requests that must not pass, each with many spellings."""
    sizes = Counter(case.id.partition("/")[0] for case in request_cases())
    assert set(sizes) == CLASSES
    assert min(sizes.values()) >= 10
    assert sizes.total() >= 700


@pytest.mark.parametrize("case", request_cases(), ids=lambda case: case.id)
def test_a_case_is_consistent(case: RequestCase) -> None:
    """Statuses are statuses; a refusal closes; each served request has one answer."""
    for outcome in case.outcomes:
        for at, statuses in enumerate(outcome.answers):
            assert statuses <= {200} or all(400 <= status <= 599 for status in statuses)
            assert statuses <= {200} or at == len(outcome.answers) - 1
            assert statuses <= {200} or outcome.closed
        assert len(outcome.legacy) == outcome.answers.count(frozenset({200}))
        assert outcome.answers or case.half_close
        assert not case.half_close or outcome.closed


@pytest.mark.parametrize("notation", [1, None, {"repeat": "a"}, {"repeat": "a", "times": "2"}, "€"])
def test_what_is_no_notation_is_an_error(notation: Any) -> None:
    """A slip in a data file never sends something else instead."""
    with pytest.raises(ValueError, match=r"not bytes|codec"):
        to_bytes(notation)


@pytest.mark.parametrize(
    ("notation", "expected"),
    [("\u00ff\r\n", b"\xff\r\n"), (["a", {"repeat": ["b", "c"], "times": 2}], b"abcbc"), ([], b"")],
)
def test_notations(notation: Any, expected: bytes) -> None:
    """Characters are bytes, lists join, repeats repeat."""
    assert to_bytes(notation) == expected


def test_data_files_are_plain_json() -> None:
    """ASCII alone: an editor cannot change a byte without being asked."""
    for path in CORPUS.glob("*/*.json"):
        assert path.read_text(encoding="utf-8").isascii(), path
        json.loads(path.read_text(encoding="utf-8"))


def test_ids_of_lies_are_unique() -> None:
    """A failing id names one case."""
    repeated = [name for name, count in Counter(c.id for c in answer_cases()).items() if count > 1]
    assert repeated == []


@pytest.mark.parametrize("case", answer_cases(), ids=lambda case: case.id)
def test_a_lie_is_consistent(case: AnswerCase) -> None:
    """Words are the known ones, and a lie that is refused costs a candidate its answer."""
    assert case.user <= {"refused", "aborted", "answered", "clean", "endless"}
    assert case.user
    assert case.statuses <= {502, 504}
    assert case.verdict <= set(Verdict)
    assert case.outcome <= set(OUTCOMES)
    assert case.listen in ("plain", "refusing", "unreachable", "unknown", "plain-for-tls")
    if case.user & {"answered", "clean"}:
        assert f"{case.status // 100}xx" in case.outcome or not 100 <= case.status <= 599
    else:
        assert case.outcome - {"2xx"}
        assert case.verdict >= {"candidate_failed"}

"""The tallies of all processes as figures: the same sums that control shows."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from shadowproxy.control.standing import look
from shadowproxy.control.sums import add_up
from shadowproxy.core.cells import (
    GLOBAL,
    MAX_ROUTES,
    METHODS,
    OVERHEAD_BOUNDS_S,
    ROUTE,
    STATUS_CLASSES,
    route_base,
)
from shadowproxy.core.lifecycle import REASONS
from shadowproxy.core.settings import ListenSettings, Settings
from shadowproxy.core.words import Backend, FailureKind, Kind, Refusal, Verdict
from shadowproxy.ipc.process import Process, write_settings
from shadowproxy.judge.figures import figures_of
from shadowproxy.report.traffic import exchanges_of, users_of, verdicts_of
from tests.support.edges import backend_settings, runtime_dir

NAMES = (("judge", 0), ("shadow", 0), ("edge", 0), ("edge", 7))
COUNTED = [
    *(f"{state}/{reason}" for state, reasons in REASONS.items() for reason in reasons),
    *(f"refused/{refusal}" for refusal in Refusal),
    *(f"backend_requests/{backend}/{kind}" for backend in Backend for kind in FailureKind),
    *(f"overhead/{bound}" for bound in (*OVERHEAD_BOUNDS_S, "+Inf")),
    "received", "handed_over", "retries",
]  # fmt: skip
NOT_SHOWN = ("backend_requests/candidate", "backend_requests/secondary", "handed_over", "retries")
"""What users and exchanges have no part in."""
COUNTED_BY_ROUTE = [
    *(f"verdict/{verdict}" for verdict in Verdict),
    *(f"difference/{kind}" for kind in Kind),
    *(f"requests/{method}/{status}" for method in METHODS for status in STATUS_CLASSES),
]


@contextmanager
def processes() -> Iterator[tuple[Path, list[Process]]]:
    """Pages of some processes, all zero."""
    with runtime_dir() as folder:
        address = ("127.0.0.1", 1)
        write_settings(folder, Settings((ListenSettings(*address),), backend_settings(address)))
        yield folder, [Process(folder, role, slot) for role, slot in NAMES]


def fill(pages: list[Process], seed: int) -> None:
    """Some of everything that is counted, in every page."""
    draw = Random(seed)
    for process in pages:
        cells = process.tallies.cells
        for name in COUNTED:
            cells[GLOBAL[name]] = draw.choice((0, draw.randrange(1000)))
        for slot in (0, draw.randrange(MAX_ROUTES), MAX_ROUTES - 1):
            for name in COUNTED_BY_ROUTE:
                cells[route_base(slot) + ROUTE[name]] = draw.choice((0, draw.randrange(1000)))


@pytest.mark.parametrize("seed", range(3))
def test_the_report_adds_up_what_control_adds_up(seed: int) -> None:
    """Received, every reason and every verdict, whichever process and route counted it."""
    with processes() as (folder, pages):
        fill(pages, seed)
        sums, figures = add_up(look(pages[0])), figures_of(folder)
    assert figures["received"] == sums.received
    for state, reasons in sums.by_reason.items():
        word = "verdict" if state == "recorded" else state
        for reason, count in reasons.items():
            assert figures[f"{word}/{reason}"] == count, (word, reason)
    said = exchanges_of(figures)
    assert [said[name] for name in ("received", "skipped", "dropped", "failed", "recorded")] == [
        sums.received, sums.skipped, sums.dropped, sums.failed, sums.recorded,
    ]  # fmt: skip
    assert said["in_flight"] == max(0, sums.in_flight)
    assert {name: each["count"] for name, each in verdicts_of(figures).items()} == (
        sums.by_reason["recorded"]
    )


def test_users_are_counted_by_what_they_were_answered() -> None:
    """Requests by status class over all methods and routes, legacy's failures, our own refusals."""
    with processes() as (folder, pages):
        fill(pages, 5)
        standing, figures = look(pages[0]), figures_of(folder)
    for status in STATUS_CLASSES:
        cells = [ROUTE[f"requests/{method}/{status}"] for method in METHODS]
        assert figures[f"requests/{status}"] == sum(
            page[route_base(slot) + cell]
            for page in standing.pages.values()
            for slot in range(MAX_ROUTES)
            for cell in cells
        )
    users = users_of(figures)
    assert users["errors"] == sum(
        standing.total(f"backend_requests/legacy/{kind}") for kind in FailureKind
    )
    assert users["own_answers"] == sum(standing.total(f"refused/{each}") for each in Refusal)
    assert users["added_p99_s"] > 0


def test_each_figure_has_its_own_cells() -> None:
    """Every cell holds another number: each is in the figure of its name, none in another one."""
    expected: Counter[str] = Counter()
    with processes() as (folder, pages):
        for number, name in enumerate(COUNTED, 1):
            pages[number % len(pages)].tallies.add(name, number)
            if not name.startswith(NOT_SHOWN):
                expected[name.replace("backend_requests/legacy/", "legacy_failed/")] += number
        for number, name in enumerate(COUNTED_BY_ROUTE, 1000):
            page = pages[number % len(pages)].tallies.cells
            page[route_base(number % MAX_ROUTES) + ROUTE[name]] = number
            method, _, status = name.removeprefix("requests/").partition("/")
            expected[f"requests/{status}" if method in METHODS else name] += number
        assert figures_of(folder) == expected


def test_nothing_was_counted_where_there_is_nothing(tmp_path: Path) -> None:
    """Before the first process has its page, and in a page that is cut short."""
    assert figures_of(tmp_path) == Counter()
    (tmp_path / "edge-0.tally").write_bytes(b"\1" * 80)
    assert figures_of(tmp_path) == Counter()
    assert figures_of(tmp_path / "gone") == Counter()

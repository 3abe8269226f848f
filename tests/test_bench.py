"""The load generator measures what it says: whole answers, waiting included, arrivals as planned."""

import socket
import threading
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load import Generator, Plan, arrivals, quantile
from bench.scraping import samples
from bench.wire import Answer

BODY = b"0\r\n\r\n" * 3 + b"x" * 40
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
)


@given(st.sampled_from(ANSWERS), st.lists(st.integers(1, 120), max_size=6))
def test_an_answer_is_whole_at_its_last_byte(answer: bytes, cuts: list[int]) -> None:
    """However an answer is cut, it is whole when its last byte is there and not before."""
    ends = sorted({min(cut, len(answer)) for cut in cuts} | {len(answer)})
    parser = Answer()
    whole = [parser.feed(answer[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    assert whole == [False] * (len(ends) - 1) + [True]
    assert parser.status == 200


def test_arrivals_are_poisson() -> None:
    """Gaps have the planned mean, and a deviation as large as their mean."""
    due_ns = list(arrivals(Plan(port=0, rate=1000, seconds=20), 0))
    gaps_ms = [(b - a) / 1e6 for a, b in pairwise(due_ns)]
    deviation = mean((gap - 1) ** 2 for gap in gaps_ms) ** 0.5
    assert mean(gaps_ms) == pytest.approx(1, rel=0.05)
    assert deviation == pytest.approx(1, rel=0.1)


@given(st.lists(st.integers(), min_size=1), st.floats(0, 1))
def test_a_quantile_splits_its_values(values: list[int], share: float) -> None:
    """A quantile is one of the values, and at least that share of them is not above it."""
    found = quantile(sorted(values), share)
    assert found in values
    assert sum(each <= found for each in values) >= share * len(values)


@pytest.mark.slow
def test_a_stall_is_charged_to_all_who_waited() -> None:
    """While the only connection is held up, those in line age too: half of them waited."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    held_s = 0.3
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(4096)
                threading.Event().wait(held_s)
                client.sendall(answer)
                while client.recv(4096):
                    client.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        plan = Plan(port=listening.getsockname()[1], rate=200, seconds=held_s, connections=1)
        report = Generator(plan).run()
        server.join()
    assert report.answered == report.sent
    assert report.trouble == ""
    assert report.max_ms > 0.6 * held_s * 1000
    assert report.p50_ms > 0.2 * held_s * 1000


def test_metrics_are_read_with_their_labels() -> None:
    """Names, labels and values of an exposition come back as they were written."""
    text = '# HELP a b\na_total{x="1",y="two words"} 3.0\nup 1.0\n'
    assert samples(text) == [("a_total", {"x": "1", "y": "two words"}, "3.0"), ("up", {}, "1.0")]

"""Log lines: one safe, bounded JSON object each, counted when they cannot be written."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy import logs
from shadowproxy.core.settings import LogSettings
from shadowproxy.ipc.tallies import Tallies


class Pipe:
    """A pipe whose writing end takes log lines."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def lines(self) -> list[bytes]:
        assert logs.close(5)
        return os.read(self.reading, 1 << 20).splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ends = Pipe()
    yield ends
    os.close(ends.reading)
    os.close(ends.writing)


def rendered(event: dict[str, Any]) -> bytes:
    return logs.render_json(None, "info", event)


def test_an_event_is_one_json_object_with_utc_time_level_and_component(pipe: Pipe) -> None:
    """An event becomes one JSON line that carries level, component and a UTC timestamp."""
    logs.configure(LogSettings(), None, pipe.writing)
    logs.get("judge").info("shadow_error", backend="candidate", status=502)
    (line,) = pipe.lines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "shadow_error", "level": "info", "component": "judge",
        "backend": "candidate", "status": 502,
    }  # fmt: skip


def test_events_below_the_level_are_not_written(pipe: Pipe) -> None:
    """`level: warning` writes warnings and drops infos."""
    logs.configure(LogSettings(level="warning"), None, pipe.writing)
    logger = logs.get("a")
    logger.info("quiet")
    logger.warning("loud")
    assert [json.loads(line)["event"] for line in pipe.lines()] == ["loud"]


def test_a_logger_made_before_configure_follows_it(pipe: Pipe) -> None:
    """Module-level loggers obey the configuration in force when they are used."""
    logger = logs.get("early")
    logs.configure(LogSettings(level="error"), None, pipe.writing)
    logs.configure(LogSettings(level="debug"), None, pipe.writing)
    logger.debug("now")
    assert len(pipe.lines()) == 1


def test_an_exception_is_logged_with_its_traceback(pipe: Pipe) -> None:
    """`exception` carries the traceback as one field of one line."""
    logs.configure(LogSettings(), None, pipe.writing)
    try:
        os.stat("/absent")
    except OSError:
        logs.get("a").exception("broke")
    (line,) = pipe.lines()
    assert "FileNotFoundError" in json.loads(line)["exception"]


def test_the_console_form_is_one_line_without_control_characters(pipe: Pipe) -> None:
    """Terminal escapes and line breaks in values cannot reach a terminal."""
    logs.configure(LogSettings(format="console"), None, pipe.writing)
    logs.get("a").info("seen", target="/a\x1b[31m\nforged \u202eline", nested={"k": "\x9b1m"})
    (line,) = pipe.lines()
    text = line.decode()
    assert "forged" in text
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=50)
    | st.text(st.characters(exclude_categories=()), max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@given(values)
def test_any_value_renders_as_one_bounded_json_line_without_controls(value: Any) -> None:
    """Whatever a value is, the line is valid JSON, capped, and free of control characters."""
    line = rendered({"event": "e", "value": value})
    assert json.loads(line)["event"] == "e"
    assert len(line) <= logs.MAX_EVENT_BYTES
    text = line.decode()
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u202e" for c in text)


@pytest.mark.parametrize(
    "value",
    [
        "x" * 100_000,
        ["y" * 1000] * 10_000,
        {str(n): "z" * 100 for n in range(10_000)},
        {"k" * 50_000: 1},
        10**5000,
        [[["deep" * 100] * 100] * 100] * 100,
    ],
    ids=["text", "list", "members", "name", "integer", "cube"],
)
def test_a_huge_value_is_cut_and_said_to_be(value: Any) -> None:
    """An event over the cap keeps its name, loses size and says `truncated`, or fitted at once."""
    line = rendered({"event": "e", "timestamp": "t", "level": "info", "value": value})
    assert len(line) <= logs.MAX_EVENT_BYTES
    event = json.loads(line)
    assert event["event"] == "e"
    assert event.get("truncated") or "value" in event


def test_a_stalled_reader_costs_lines_that_are_counted(pipe: Pipe, tmp_path: Path) -> None:
    """With nobody reading the pipe, logging returns, and each line that found no room counts.

    One more line, `log_events_dropped`, stands where they are missing.
    """
    tallies = Tallies(tmp_path, "judge")
    logs.configure(LogSettings(), tallies, pipe.writing)
    logger = logs.get("a")
    sent = 12_000
    for number in range(sent):
        logger.info("e", number=number, padding="p" * 200)
    dropped = tallies.get("log_events_dropped")
    assert dropped > 0
    written = 0
    while written < sent - dropped + 1:
        written += os.read(pipe.reading, 1 << 20).count(b"\n")
    assert written == sent - dropped + 1


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 5))),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_a_rate_limit_holds_for_any_keys_and_loses_no_count(
    steps: list[tuple[str, float]], limit: int, max_keys: int
) -> None:
    """Per key at most `limit` a window, in memory `max_keys + 1` windows, and refusals add up."""
    rate = logs.RateLimit(limit, 10.0, max_keys)
    now_s, refused, reported = 0.0, 0, 0
    recent: dict[str, list[float]] = {}
    for key, pause_s in steps:
        now_s += pause_s
        if rate.admits(key, now_s):
            recent.setdefault(key, []).append(now_s)
        else:
            refused += 1
        assert len(rate) <= max_keys + 1
        reported += sum(count for _, count in rate.ended(now_s))
    reported += sum(count for _, count in rate.ended(now_s + 10.0))
    assert reported == refused
    assert len(rate) == 0


def test_a_rate_limit_opens_again_after_its_window() -> None:
    """Two a minute: the third is refused, the first of the next minute is not."""
    rate = logs.RateLimit(2, 60.0)
    assert [rate.admits("group", s) for s in (0.0, 1.0, 2.0, 59.9, 60.0)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert rate.ended(120.0) == [("group", 2)]

"""The supervisor's log events: one line each, JSON or readable."""

import json
import os

from shadowproxy.core.settings import LogSettings
from shadowproxy.ipc.lines import LineWriter
from shadowproxy.runtime.events import Events


def written(log: LogSettings, *said: tuple[str, str]) -> bytes:
    """What these (event, level) with a field come to on the descriptor."""
    reading, writing = os.pipe()
    events = Events("supervisor", log, LineWriter(writing))
    for event, level in said:
        events.say(event, level, hint="a\nb")
    events.flush(5)
    os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        return lines.read()


def test_an_event_is_one_json_object() -> None:
    """With level, UTC timestamp, component and fields."""
    event = json.loads(written(LogSettings(), ("listening", "info")))
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "listening", "level": "info", "component": "supervisor", "hint": "a\nb",
    }  # fmt: skip


def test_events_below_the_level_are_not_written() -> None:
    """`level: warning` silences infos alone."""
    lines = written(LogSettings(level="warning"), ("quiet", "info"), ("loud", "warning"))
    assert [json.loads(line)["event"] for line in lines.splitlines()] == ["loud"]


def test_the_readable_form_is_one_line_too() -> None:
    """Whatever the fields hold."""
    lines = written(LogSettings(format="console"), ("listening", "info")).splitlines()
    assert len(lines) == 1
    assert b"listening" in lines[0]
    assert b'hint="a\\nb"' in lines[0]

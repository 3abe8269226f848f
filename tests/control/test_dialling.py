"""Dials: turned on the page at once, returned when their time is up, kept over a restart."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy import logs
from shadowproxy.control.changes import read_change
from shadowproxy.control.dialling import NAMES, SAMPLE, SHADOW, Change, Dialling
from shadowproxy.core.settings import LogSettings, Settings, ShadowSettings
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import Process, write_settings
from tests.control.running import SETTINGS, Control, controlling
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Events of the tests that run no control go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    logs.configure(LogSettings(), None, nowhere)
    yield
    assert logs.close(5)
    os.close(nowhere)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def dialling(folder: Path, now: datetime = NOON, chosen: Settings = SETTINGS) -> Dialling:
    write_settings(folder, chosen)
    return Dialling(Process(folder, "control"), now)


def off(ttl_s: float | None = None) -> Change:
    return Change(SHADOW, False, ttl_s, "too slow", "127.0.0.1")


async def put(control: Control, name: str, **body: Any) -> Any:
    answer = await control.ask("PUT", f"/api/v1/dials/{name}", json=body)
    assert answer.status == 200, answer.text
    return answer.json


async def test_shadow_is_turned_off_and_on_again() -> None:
    """The answer comes when the page says so, and the page is what edges read per request."""
    async with controlling() as control:
        sequence = control.process.dials.sequence
        said = await put(control, "shadow", value="off", reason="candidate on fire")
        assert not control.process.dials.shadow_on
        assert control.process.dials.sequence > sequence
        assert (said["dial"], said["value"], said["source"]) == ("shadow", "off", "dial")
        assert said["reason"] == "candidate on fire"
        await put(control, "shadow", value="on")
        assert control.process.dials.shadow_on


@pytest.mark.parametrize(("value", "share"), [("10%", 0.1), (0.25, 0.25), ("0.5", 0.5), (0, 0)])
async def test_the_sample_is_overridden(value: str | float, share: float) -> None:
    """Shares as people write them, in one unit on the page."""
    async with controlling() as control:
        said = await put(control, "shadow.sample", value=value)
        assert said["value"] == share
        assert control.process.dials.sample_override == share


async def test_unset_returns_to_the_configuration() -> None:
    """DELETE leaves no override, and says what is in force."""
    async with controlling() as control:
        await put(control, "shadow.sample", value="10%")
        await put(control, "shadow", value="off")
        for name in NAMES:
            answer = await control.ask("DELETE", f"/api/v1/dials/{name}")
            assert answer.status == 200
            assert answer.json["source"] == "config"
        assert control.process.dials.sample_override is None
        assert control.process.dials.shadow_on


async def test_every_change_is_audited() -> None:
    """Who, what, from what, why and for how long: one log line each."""
    async with controlling() as control:
        await put(control, "shadow", value="off", ttl="30m", reason="night")
        await control.ask("DELETE", "/api/v1/dials/shadow")
        await control.ask("DELETE", "/api/v1/dials/shadow")
        turned, returned = control.events("dial_changed")
        wanted = {"dial": "shadow", "value": "off", "previous": "on", "ttl_s": 1800.0,
                  "reason": "night", "peer": "127.0.0.1", "source": "operator"}  # fmt: skip
        assert wanted.items() <= turned.items()
        assert (returned["value"], returned["previous"]) == ("on", "off")


async def test_a_dial_returns_when_its_time_is_up() -> None:
    """Nobody has to remember it; the return is audited with its source."""
    async with controlling() as control:
        await put(control, "shadow", value="off", ttl=0.3)
        assert not control.process.dials.shadow_on
        await until(lambda: control.process.dials.shadow_on, "shadow is on again")
        _, returned = control.events("dial_changed")
        assert (returned["source"], returned["value"]) == ("ttl", "on")


async def test_a_killed_control_resumes_dials_with_what_is_left(tmp_path: Path) -> None:
    """A restart neither forgets a dial nor prolongs it."""
    async with controlling(folder=tmp_path) as control:
        await put(control, "shadow.sample", value="5%", ttl="1h", reason="ramp")
        await put(control, "shadow", value="off")
    async with controlling(folder=tmp_path) as control:
        assert control.process.dials.sample_override == 0.05
        assert not control.process.dials.shadow_on
        dials = (await control.get("/api/v1/status")).json["dials"]
        assert 3500 < dials["shadow.sample"]["ttl_s"] <= 3600
        assert dials["shadow.sample"]["reason"] == "ramp"
        assert dials["shadow"]["ttl_s"] is None


def test_what_ended_while_control_was_down_ends_at_its_start(tmp_path: Path) -> None:
    """The page is right before the first request is answered."""
    dialling(tmp_path).turn(off(60), NOON)
    assert not Dials(tmp_path).shadow_on
    dialling(tmp_path, NOON + timedelta(seconds=61))
    assert Dials(tmp_path).shadow_on


def test_a_clock_that_was_set_back_prolongs_nothing(tmp_path: Path) -> None:
    """At most the time that was asked for is left."""
    dialling(tmp_path).turn(off(60), NOON)
    shown = dialling(tmp_path, NOON - timedelta(days=1)).describe(SHADOW, NOON - timedelta(days=1))
    assert shown["ttl_s"] == 60


def test_a_kill_switch_without_a_record_stays(tmp_path: Path) -> None:
    """Control was killed between the page and the file: off is the safe reading."""
    write_settings(tmp_path, SETTINGS)
    Dials(tmp_path).turn(shadow_on=False)
    shown = dialling(tmp_path).describe(SHADOW, NOON)
    assert not Dials(tmp_path).shadow_on
    assert shown["source"] == "dial"


def test_a_file_that_is_no_record_is_ignored(tmp_path: Path) -> None:
    """Whatever it holds, control starts."""
    for content in (b"", b"[]", b'{"shadow": 3}', b'{"shadow": {"value": true}}', b"\xff"):
        (tmp_path / "dials.json").write_bytes(content)
        dialling(tmp_path)
        assert Dials(tmp_path).shadow_on


def test_the_configuration_decides_where_no_dial_is_turned(tmp_path: Path) -> None:
    """`shadow.enabled: false` is off on the page, and a dial can turn it on."""
    disabled = replace(SETTINGS, shadow=ShadowSettings(enabled=False))
    turning = dialling(tmp_path, chosen=disabled)
    assert not Dials(tmp_path).shadow_on
    turning.turn(Change(SHADOW, True, None, "", ""), NOON)
    assert Dials(tmp_path).shadow_on
    turning.turn_back(SHADOW, "", "")
    assert not Dials(tmp_path).shadow_on


def test_a_full_disk_does_not_keep_the_switch_from_working(tmp_path: Path) -> None:
    """The page first: a record that cannot be written is said and survived."""
    turning = dialling(tmp_path)
    (tmp_path / "dials.json").mkdir()
    turning.turn(off(), NOON)
    assert not Dials(tmp_path).shadow_on


@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES), st.booleans(), st.none() | st.integers(1, 100),
            st.integers(0, 60),
        ),
        max_size=8,
    )
)  # fmt: skip
@settings(deadline=None)  # files are written, on a disk that others use too
def test_page_and_record_always_agree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool, int | None, int]]
) -> None:
    """Whatever was turned, ended or returned, a restart at any moment changes nothing on the page."""
    folder = tmp_path_factory.mktemp("dials")
    turning, now = dialling(folder), NOON
    for name, value, ttl_s, pause_s in steps:
        now += timedelta(seconds=pause_s)
        turning.expire(now)
        if ttl_s == 1:
            turning.turn_back(name, "", "")
        else:
            turning.turn(Change(name, value, ttl_s, "", ""), now)
        before = bytes(Dials(folder).words[2:4])
        turning = dialling(folder, now)
        assert bytes(Dials(folder).words[2:4]) == before


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        (SHADOW, [], "object"),
        (SHADOW, {}, "value is missing"),
        (SHADOW, {"value": "maybe"}, "on or off"),
        (SHADOW, {"value": 1}, "on or off"),
        (SAMPLE, {"value": "110%"}, "0% to 100%"),
        (SAMPLE, {"value": -0.1}, "share"),
        (SAMPLE, {"value": True}, "share"),
        (SAMPLE, {"value": float("nan")}, "share"),
        (SAMPLE, {"value": [1]}, "share"),
        (SHADOW, {"value": "off", "ttl": "soon"}, "duration"),
        (SHADOW, {"value": "off", "ttl": -1}, "more than 0s"),
        (SHADOW, {"value": "off", "ttl": "31d"}, "at most 30d"),
        (SHADOW, {"value": "off", "ttl": float("inf")}, "at most 30d"),
        (SHADOW, {"value": "off", "ttl": float("nan")}, "more than 0s"),
        (SHADOW, {"value": "off", "ttl": True}, "more than 0s"),
        (SHADOW, {"value": "off", "ttl": 10**400}, "duration"),
        (SHADOW, {"value": "off", "reason": 5}, "500 characters"),
        (SHADOW, {"value": "off", "reason": "x" * 501}, "500 characters"),
        (SHADOW, {"value": "off", "reasons": ""}, "unknown members: reasons"),
    ],
)
def test_a_wrong_change_says_what_would_be_right(name: str, body: Any, said: str) -> None:
    """Each mistake its sentence."""
    with pytest.raises(ValueError, match=said):
        read_change(name, body, "")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"value": "maybe"}'])
async def test_a_wrong_body_is_a_problem_and_changes_nothing(body: bytes) -> None:
    """400 with the sentence, whatever the bytes are."""
    async with controlling() as control:
        answer = await control.ask("PUT", "/api/v1/dials/shadow", data=body)
        assert answer.status == 400
        assert answer.json["detail"].startswith(("expected", "value"))
        assert control.process.dials.shadow_on
        assert control.events("dial_changed") == []


async def test_a_dial_that_there_is_not() -> None:
    """404, and the names that there are."""
    async with controlling() as control:
        for method in ("PUT", "DELETE"):
            answer = await control.ask(method, "/api/v1/dials/volume", json={"value": "on"})
            assert answer.status == 404
            assert "shadow.sample" in answer.json["detail"]


async def test_the_record_is_private(tmp_path: Path) -> None:
    """Reasons and peers are nobody else's business."""
    async with controlling(folder=tmp_path) as control:
        await put(control, "shadow", value="off", reason="x")
        record = tmp_path / "dials.json"
        assert record.stat().st_mode & 0o077 == 0
        assert json.loads(record.read_bytes())["shadow"]["reason"] == "x"

"""The audit of dials and files: in the store as soon as it takes them, and nobody waits for that."""

import asyncio
from typing import Any

import pytest

from shadowproxy.control import auditing
from tests.control.filling import Filling
from tests.control.running import CONFIG, Control, controlling
from tests.support.waiting import alongside, until, until_said


async def lines(control: Control) -> list[tuple[str, ...]]:
    """Actor, action, subject, before, after and reason, the oldest first."""
    names = ("actor", "action", "subject", "before", "after", "reason")
    answer = await control.get("/api/v1/audit")
    if answer.status == 503:
        return []
    return [tuple(each[name] for name in names) for each in reversed(answer.json["entries"])]


async def put(control: Control, name: str, **body: Any) -> None:
    assert (await control.ask("PUT", f"/api/v1/dials/{name}", json=body)).status == 200


async def test_every_turn_of_a_dial_is_a_line() -> None:
    """With its end and its reason; a return that changes nothing is none."""
    async with controlling() as control:
        Filling().write(control.store)
        await put(control, "shadow", value="off", ttl="30m", reason="too slow")
        await put(control, "shadow.sample", value=0.125)
        for _ in range(2):
            await control.ask("DELETE", "/api/v1/dials/shadow")
        me = "127.0.0.1"
        assert await lines(control) == [
            (me, "dial", "shadow", "on", "off for 30m", "too slow"),
            (me, "dial", "shadow.sample", "100%", "12.5%", ""),
            (me, "dial", "shadow", "off", "on", ""),
        ]
        page = (await control.get("/controls")).text
        assert "off for 30m" in page


async def test_a_dial_that_returns_by_itself_is_a_line() -> None:
    """It was nobody's hand."""
    async with controlling() as control:
        Filling().write(control.store)
        await put(control, "shadow", value="off", ttl=0.2, reason="a try")

        async def both() -> list[tuple[str, ...]]:
            found = await lines(control)
            return found if len(found) == 2 else []

        returned = (await until_said(both, "two lines"))[1]
        wanted = ("shadowproxy", "dial", "shadow", "off", "on", "its time is up: a try")
        assert returned == wanted


async def test_every_loaded_file_is_a_line() -> None:
    """Whoever asked for it; a refused one changes nothing and is none."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        Filling().write(control.store)
        file = control.folder / "shadowproxy.yaml"
        file.write_text(CONFIG + "shadow: {sample: 5%}\n")
        assert (await control.ask("POST", "/api/v1/reload")).status == 200
        file.write_text(CONFIG + "shadow: {sample: 6%}\n")
        control.reload.set()
        await until(lambda: control.process.settings.shadow.sample == 0.06, "loaded")
        file.write_text(CONFIG + "colour: red\n")
        assert (await control.ask("POST", "/api/v1/reload")).status == 422

        async def both() -> list[tuple[str, ...]]:
            found = await lines(control)
            return found if len(found) == 2 else []

        assert await until_said(both, "two lines") == [
            ("127.0.0.1", "reload", str(file), "generation 1", "generation 2", ""),
            ("signal", "reload", str(file), "generation 2", "generation 3", ""),
        ]


async def test_what_is_turned_without_a_store_is_written_when_there_is_one() -> None:
    """In its order; the dial had turned at once."""
    loop = asyncio.get_running_loop()
    async with controlling() as control:
        began_s = loop.time()
        await put(control, "shadow", value="off")
        await put(control, "shadow", value="on")
        assert loop.time() - began_s < 1
        Filling().write(control.store)

        async def both() -> list[str]:
            found = [line[4] for line in await lines(control)]
            return found if len(found) == 2 else []

        assert await until_said(both, "both lines", 8) == ["off", "on"]


async def test_what_had_no_room_is_counted_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store is back; the latest lines are kept."""
    monkeypatch.setattr(auditing, "MAX_WAITING", 3)
    monkeypatch.setattr(auditing, "LAST_PAUSE_S", 0.1)
    async with controlling() as control:
        for value in ("off", "on") * 4:
            await put(control, "shadow", value=value)
        Filling().write(control.store)

        async def those_kept() -> list[str]:
            return [line[4] for line in await lines(control)]

        assert await until_said(those_kept, "lines", 20) == ["on", "off", "on"]
        await until(lambda: control.events("audit_left_out"), "said")
        await put(control, "shadow", value="off")
        await until_said(those_kept, "one more", 20)
        (said,) = control.events("audit_left_out")
        assert said["lines"] == 5


async def test_a_reason_of_any_text_is_kept() -> None:
    """Halves of characters and NUL are no fault of ours, in the store and everywhere else."""
    async with controlling() as control:
        Filling().write(control.store)
        reason = '"<script>alert(1)</script>\\u0000\\ud800\\u202e"'
        body = f'{{"value": "off", "reason": {reason}}}'
        answer = await control.ask("PUT", "/api/v1/dials/shadow", data=body.encode())
        assert answer.status == 200
        assert (await lines(control))[0][5] == "<script>alert(1)</script>?\u202e"
        assert (await control.get("/api/v1/status")).status == 200
        page = (await control.get("/controls")).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;?\\u202e" in page

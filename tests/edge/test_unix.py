"""Unix sockets on both sides, in-process: the same duties without addresses."""

from pathlib import Path

import pytest

from tests.edge.playing import ask
from tests.support.backends import backend
from tests.support.edges import backend_settings, edge
from tests.support.messages import read_answer, read_answers


async def test_users_are_served_on_a_unix_socket(tmp_path: Path) -> None:
    """Keep-alive, pipelining and a refusal, as over TCP."""
    async with backend() as legacy, edge(legacy.address, unix=tmp_path / "users") as proxy:
        wire = await proxy.connect()
        await ask(wire, b"/one")
        await wire.send(
            b"GET /2 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /3 HTTP/1.1\r\nHost: a, b\r\n\r\n"
        )
        second, third = await read_answers(wire, [b"GET", b"GET"])
        assert (second.status, third.status) == (200, 400)
        terms = await proxy.at_rest()
    assert terms["received"] == 3


async def test_forwarded_for_of_a_unix_peer_is_no_address(tmp_path: Path) -> None:
    """Nothing that looks like an address is made up; earlier proxies' words stay."""
    async with backend() as legacy:
        async with edge(legacy.address, unix=tmp_path / "u", forwarded="append") as proxy:
            wire = await proxy.connect()
            await wire.send(
                b"GET /x HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
            )
            assert (await read_answer(wire)).status == 200
    (value,) = legacy.requests[0].values("x-forwarded-for")
    first, *more = [element.strip() for element in value.split(b",")]
    assert first == b"192.0.2.1"
    assert all(element in (b"unix:", b"unknown", b"_unix") for element in more)


@pytest.mark.parametrize("framing", ["Content-Length: 99", "Transfer-Encoding: chunked"])
async def test_an_answer_that_is_cut_off_is_no_whole_one(tmp_path: Path, framing: str) -> None:
    """Without resets, the missing end says it."""
    async with backend() as legacy, edge(legacy.address, unix=tmp_path / "users") as proxy:
        head = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n"
        legacy.scripts[b"/x"] = [{"send": head + "5\r\nhello\r\n"}, {"reset": True}]
        wire = await proxy.connect()
        await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        answer = await read_answer(wire)
        assert answer.status == 502 or not answer.is_complete


async def test_legacy_is_reached_by_a_unix_socket(tmp_path: Path) -> None:
    """The Host of the user is kept; there is nothing else to put there."""
    async with backend() as behind, edge(behind.address, unix=tmp_path / "legacy") as legacy:
        assert isinstance(legacy.address, str)
        async with edge(backend_settings(legacy.address)) as proxy:
            await ask(await proxy.connect(), b"/x")
        assert behind.requests[0].values("host") == [b"a.test"]

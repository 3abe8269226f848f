"""Connections of the admin server: bounded, and malformed requests do no harm."""

import asyncio
import json

import pytest

from shadowproxy.control.answers import SECURITY_FIELDS
from shadowproxy.control.connections import MAX_CONNECTIONS
from tests.control.running import Control, controlling

MALFORMED = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer s3cret\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",
    b"PUT /api/v1/dials/shadow HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
]


async def connect(control: Control) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = control.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize("request_bytes", MALFORMED)
async def test_a_malformed_request_is_a_problem_like_all_others(request_bytes: bytes) -> None:
    """With the security fields, closed afterwards, and nothing of it in answer or log."""
    async with controlling() as control:
        reader, writer = await connect(control)
        writer.write(request_bytes)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert head.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
        for name, value in SECURITY_FIELDS.items():
            assert f"{name}: {value}".encode() in head
        assert json.loads(body)["status"] == 400
        assert b"s3cret" not in body
        assert control.events("library") == []
        assert (await control.get("/livez")).status == 200


@pytest.mark.slow
async def test_idle_connections_keep_nobody_out() -> None:
    """Whoever opens more connections than there may be loses the oldest of them."""
    async with controlling() as control:
        held = [await connect(control) for _ in range(MAX_CONNECTIONS + 20)]
        assert (await control.get("/readyz")).status == 200
        reader, _ = held[0]
        assert await reader.read() == b""
        reader, writer = held[-1]
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        for _, writer in held:
            writer.close()

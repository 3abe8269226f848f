"""Where a backend lives: resolved again and again, and never forgotten for a failing resolver."""

import asyncio
import socket
from typing import Any

import pytest

from shadowproxy.core.settings import BackendSettings
from shadowproxy.upstream import addresses
from shadowproxy.upstream.addresses import Address, Addresses


class _Resolver:
    """Answers as a resolver would, with what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: list[str] = []
        self.asked = 0
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._ask)
        monkeypatch.setattr(addresses, "REFRESH_S", -1.0)

    async def _ask(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in self.hosts]


def _hosts(found: list[Address]) -> list[str]:
    return [address[0] for _, address in found]


async def test_a_moved_backend_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next connection goes where the name points now."""
    resolver = _Resolver(monkeypatch)
    known = Addresses(BackendSettings("http", "legacy.test", 80))
    resolver.hosts = ["192.0.2.1"]
    assert _hosts(await known.in_turn()) == ["192.0.2.1"]
    resolver.hosts = ["192.0.2.2"]
    assert _hosts(await known.in_turn()) == ["192.0.2.2"]


async def test_a_failing_resolver_takes_no_address_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last good answer stands; without any the error is the caller's."""
    resolver = _Resolver(monkeypatch)
    known = Addresses(BackendSettings("http", "legacy.test", 80))
    with pytest.raises(OSError, match="not known"):
        await known.in_turn()
    resolver.hosts = ["192.0.2.1"]
    await known.in_turn()
    resolver.hosts = []
    assert _hosts(await known.in_turn()) == ["192.0.2.1"]


async def test_several_addresses_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection begins with another one, and has the others to fall back on."""
    resolver = _Resolver(monkeypatch)
    resolver.hosts = ["192.0.2.1", "192.0.2.2"]
    known = Addresses(BackendSettings("http", "legacy.test", 80))
    firsts = {_hosts(await known.in_turn())[0] for _ in range(2)}
    assert firsts == {"192.0.2.1", "192.0.2.2"}


async def test_many_who_wait_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst of first connections is one question to the resolver."""
    resolver = _Resolver(monkeypatch)
    resolver.hosts = ["192.0.2.1"]
    monkeypatch.setattr(addresses, "REFRESH_S", 60.0)
    known = Addresses(BackendSettings("http", "legacy.test", 80))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(known.in_turn()) for _ in range(20)]
    assert [_hosts(task.result()) for task in tasks] == [["192.0.2.1"]] * 20
    assert resolver.asked == 1


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
async def test_an_address_is_not_resolved(
    monkeypatch: pytest.MonkeyPatch, host: str, family: int
) -> None:
    """Literal addresses never meet the resolver."""
    resolver = _Resolver(monkeypatch)
    ((found, _),) = await Addresses(BackendSettings("http", host, 80)).in_turn()
    assert found == family
    assert resolver.asked == 0

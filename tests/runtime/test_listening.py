"""Listening sockets: one per edge and address, never shared by accident."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from shadowproxy.core.settings import AdminSettings, ListenSettings
from shadowproxy.runtime.listening import CannotListenError, describe, open_listeners
from tests.runtime.supervised import ANY_PORT, ask_nothing, tiny


def test_every_edge_has_its_own_socket_on_the_same_port() -> None:
    """Two edges, one address: two sockets, and every connection reaches one of them."""
    with closing(open_listeners(tiny())) as listeners:
        (first,), (second,) = listeners.edges
        assert first.getsockname() == second.getsockname()
        first.settimeout(0)
        second.settimeout(0)
        clients = [socket.create_connection(first.getsockname()) for _ in range(40)]
        taken = [taken_by(first), taken_by(second)]
        assert sum(taken) == 40
        assert all(taken)
        for client in clients:
            client.close()


def taken_by(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_several_addresses_are_all_open_for_every_edge(tmp_path: Path) -> None:
    """TCP and unix path side by side."""
    path = str(tmp_path / "s")
    settings = tiny(listen=(ANY_PORT, ListenSettings(unix=path)))
    with closing(open_listeners(settings)) as listeners:
        assert [len(sockets) for sockets in listeners.edges] == [2, 2]
        assert listeners.addresses()["listen"][1] == f"unix:{path}"
        ask_nothing(path)
    assert not os.path.lexists(path)


@pytest.mark.parametrize("is_admin", [False, True])
def test_a_port_in_use_is_refused_by_name(is_admin: bool) -> None:
    """SO_REUSEPORT does not make a second proxy a silent partner; nothing stays open."""
    with closing(open_listeners(tiny())) as first:
        used = first.admin[0] if is_admin else first.edges[0][0]
        taken = ListenSettings(*used.getsockname())
        settings = tiny(admin=AdminSettings(taken)) if is_admin else tiny(listen=(taken,))
        with pytest.raises(CannotListenError, match=str(taken.port)):
            open_listeners(settings)


def test_a_port_is_shared_with_orphans_on_purpose() -> None:
    """A supervisor that takes over listens beside the edges that it will drain."""
    with closing(open_listeners(tiny())) as first:
        taken = ListenSettings(*first.edges[0][0].getsockname())
        with closing(open_listeners(tiny(listen=(taken,)), may_share=True)) as second:
            assert second.edges[0][0].getsockname() == first.edges[0][0].getsockname()


def test_a_socket_file_that_nobody_serves_is_replaced(tmp_path: Path) -> None:
    """What a killed proxy left behind does not keep its successor from starting."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    with closing(open_listeners(tiny(listen=(ListenSettings(unix=path),)))):
        ask_nothing(path)


def test_a_socket_file_that_is_served_is_left_alone(tmp_path: Path) -> None:
    """The path of a running server is in use."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as serving:
        serving.bind(path)
        serving.listen()
        with pytest.raises(CannotListenError, match=path):
            open_listeners(tiny(listen=(ListenSettings(unix=path),)))
        ask_nothing(path)


@pytest.mark.parametrize("may_share", [False, True])
def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path, may_share: bool) -> None:
    """A wrong path in the configuration costs nobody a file."""
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(CannotListenError):
        open_listeners(tiny(listen=(ListenSettings(unix=str(path)),)), may_share)
    assert path.read_text() == "data"


def test_a_users_path_is_open_and_an_admin_path_is_private(tmp_path: Path) -> None:
    """Whatever the umask: a web server of another user must reach the one and not the other."""
    users, admin = tmp_path / "users", tmp_path / "admin"
    settings = tiny(
        listen=(ListenSettings(unix=str(users)),),
        admin=AdminSettings(ListenSettings(unix=str(admin))),
    )
    with closing(open_listeners(settings)):
        assert users.stat().st_mode & 0o777 == 0o666
        assert admin.stat().st_mode & 0o777 == 0o600


def test_all_families_of_an_empty_host() -> None:
    """`:8080` listens wherever the machine has addresses, each family with its own socket."""
    with closing(open_listeners(tiny(listen=(ListenSettings("", 0),)))) as listeners:
        assert "0.0.0.0" in {sock.getsockname()[0] for sock in listeners.edges[0]}
        ports = {sock.getsockname()[1] for sockets in listeners.edges for sock in sockets}
        assert len(ports) == 1


def test_a_name_that_does_not_resolve_is_refused_by_name() -> None:
    """The message names the host."""
    with pytest.raises(CannotListenError, match=r"nowhere\.invalid"):
        open_listeners(tiny(listen=(ListenSettings("nowhere.invalid", 0),)))


def test_no_socket_is_inherited_by_accident() -> None:
    """Shadow, judge and control get no listening socket of the users."""
    with closing(open_listeners(tiny())) as listeners:
        everything = [*listeners.edges[0], *listeners.edges[1], *listeners.admin]
        assert not any(sock.get_inheritable() for sock in everything)


def test_addresses_are_written_as_in_the_configuration() -> None:
    """host:port, with brackets around IPv6."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert describe(sock) == f"127.0.0.1:{sock.getsockname()[1]}"

"""Which ports the demo takes."""

import socket

import pytest

from shadowproxy.demo.addresses import AddressError, choose_address


def taken() -> socket.socket:
    """Somebody who listens on a port."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    return holder


def test_a_busy_usual_port_is_replaced() -> None:
    """Somebody else's 8080 does not keep the demo from running."""
    with taken() as holder:
        usual = f"127.0.0.1:{holder.getsockname()[1]}"
        chosen = choose_address("", usual)
    assert chosen != usual
    assert int(chosen.rpartition(":")[2]) > 0


def test_a_free_usual_port_is_used() -> None:
    """Where nobody listens, the documented address is the one."""
    with taken() as holder:
        usual = f"127.0.0.1:{holder.getsockname()[1]}"
    assert choose_address("", usual) == usual


def test_port_zero_is_any_free_port() -> None:
    """The address that is printed has the real port."""
    chosen = choose_address("127.0.0.1:0", "127.0.0.1:1")
    assert chosen.startswith("127.0.0.1:")
    assert not chosen.endswith(":0")


def test_a_busy_wanted_port_is_an_error() -> None:
    """What the user asked for is not silently replaced."""
    with taken() as holder, pytest.raises(AddressError, match="in use"):
        choose_address(f"127.0.0.1:{holder.getsockname()[1]}", "127.0.0.1:0")


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "a b:1", "127.0.0.1:99999", "unix:/tmp/x", "[::"]
)
def test_what_is_no_address_is_said(text: str) -> None:
    """A misspelt address is a message, not a traceback."""
    with pytest.raises(AddressError, match="expected host:port"):
        choose_address(text, "127.0.0.1:0")

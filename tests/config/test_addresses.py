"""Listening addresses and backend URLs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.addresses import (
    BackendUrl,
    is_loopback,
    overlaps,
    place,
    print_listen,
    print_url,
    reaches,
    read_listen,
    read_url,
)
from shadowproxy.core.settings import ListenSettings

_HOSTS = st.one_of(
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{1,10}){0,3}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)
_PORTS = st.integers(1, 65535)


@given(_HOSTS, _PORTS)
def test_addresses_survive_printing(host: str, port: int) -> None:
    """Read, printed and read again is the same address."""
    listen = read_listen(f"{host}:{port}")
    url = read_url(f"https://{host}:{port}")
    assert read_listen(print_listen(listen)) == listen
    assert read_url(print_url(url)) == url


@given(st.text(max_size=40) | st.text(st.sampled_from(":[]/@?#.%ahtps0189"), max_size=20))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """Nothing but ValueError leaves the readers, and it does not repeat the text."""
    for read in (read_listen, read_url):
        said = "expected"
        try:
            read(text)
        except ValueError as error:
            said = str(error)
        assert said.startswith("expected")


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("0.0.0.0:8080", ListenSettings("0.0.0.0", 8080)),
        ("[::1]:1", ListenSettings("::1", 1)),
        ("Localhost:65535", ListenSettings("localhost", 65535)),
        ("unix:/run/x", ListenSettings(unix="/run/x")),
        ("unix:///run/x", ListenSettings(unix="/run/x")),
        ("unix:run/x", ListenSettings(unix="/base/run/x")),
        ("127.0.0.1:0", ListenSettings("127.0.0.1", 0)),
    ],
)
def test_where_to_listen(text: str, listen: ListenSettings) -> None:
    """host:port, [v6]:port or a socket's path, relative ones from the file's folder."""
    assert read_listen(text, "/base") == listen


@pytest.mark.parametrize(
    "text",
    ["8080", ":8080", "*:8080", "::1:80", "[::1]", "[x]:1", "a:", "a:65536", "a:-1", "a b:1", "a:1/",
     "999.1.1.1:1", "1.2.3:1", "http://a:1", "unix:", f"unix:/{'x' * 107}", "é:1", "-a:1"],
)  # fmt: skip
def test_where_nobody_can_listen(text: str) -> None:
    """Is refused."""
    with pytest.raises(ValueError, match="expected"):
        read_listen(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://a", BackendUrl("http", "a", 80)),
        ("HTTPS://A.b/", BackendUrl("https", "a.b", 443)),
        ("http://[::1]", BackendUrl("http", "::1", 80)),
        ("http://[::1]:81", BackendUrl("http", "::1", 81)),
        ("http://10.0.0.1:9001", BackendUrl("http", "10.0.0.1", 9001)),
        ("http://my_service:1", BackendUrl("http", "my_service", 1)),
        ("unix:/run/app", BackendUrl("http", "localhost", 80, "/run/app")),
    ],
)
def test_backend_urls(text: str, url: BackendUrl) -> None:
    """The port is the scheme's unless it is written."""
    assert read_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["a:80", "//a", "ftp://a", "http://", "http://a:", "http://a:x", "http://a:0", "http://a/x",
     "http://a?x", "http://a#x", "http://u:p@a", "http://a b", "http://a\\b", "http://[::1", "http://a:1:2",
     "http://\x00", "", "http://256.1.1.1", "http://a..b", "http://127.1"],
)  # fmt: skip
def test_what_is_no_backend_url(text: str) -> None:
    """Paths, queries and passwords are refused: a request keeps its own target."""
    with pytest.raises(ValueError, match="expected"):
        read_url(text)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("http://localhost:1", "http://127.0.0.1:1", True),
        ("http://LOCALHOST.:1", "http://[::1]:1", True),
        ("http://0.0.0.0:1", "http://[::ffff:127.0.0.1]:1", True),
        ("http://a", "http://A:80", True),
        ("https://a", "http://a:443", True),
        ("unix:/a", "unix:/a", True),
        ("http://a", "https://a", False),
        ("http://127.0.0.1:1", "http://127.0.0.2:1", False),
        ("http://a:1", "http://a.b:1", False),
        ("unix:/a", "unix:/b", False),
    ],
)
def test_which_backends_are_one_address(one: str, other: str, are_one: bool) -> None:
    """By what is written, all spellings of loopback being one."""
    assert (place(read_url(one)) == place(read_url(other))) is are_one


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("0.0.0.0:1", "127.0.0.1:1", True),
        ("localhost:1", "127.0.0.1:1", True),
        ("[::]:1", "[::1]:1", True),
        ("0.0.0.0:1", "[::]:1", False),
        ("0.0.0.0:1", "127.0.0.1:2", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("unix:/a", "unix:/a", True),
        ("unix:/a", "a:1", False),
    ],
)
def test_which_listeners_clash(one: str, other: str, clash: bool) -> None:
    """Both families of wildcards can be had at once; a wildcard and one of its addresses not."""
    first, second = read_listen(one), read_listen(other)
    assert overlaps(first, second) is overlaps(second, first) is clash


def test_a_backend_that_is_our_own_listener() -> None:
    """Also behind a wildcard."""
    backend = read_url("http://localhost:8080")
    assert reaches(backend, read_listen("0.0.0.0:8080"))
    assert reaches(replace(backend, host="127.0.0.9"), read_listen("0.0.0.0:8080"))
    assert not reaches(replace(backend, port=1), read_listen("0.0.0.0:8080"))
    assert not reaches(replace(backend, host="10.0.0.1"), read_listen("0.0.0.0:8080"))
    assert reaches(read_url("unix:/a"), read_listen("unix:/a"))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("127.0.0.1:1", True), ("127.9.9.9:1", True), ("[::1]:1", True), ("localhost:1", True),
     ("unix:/a", True), ("0.0.0.0:1", False), ("[::]:1", False), ("10.0.0.1:1", False), ("a:1", False)],
)  # fmt: skip
def test_what_is_loopback(text: str, is_one: bool) -> None:
    """Only what nobody else can reach."""
    assert is_loopback(read_listen(text)) is is_one

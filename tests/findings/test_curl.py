"""Commands that a person can paste."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.findings.curl import MAX_COMMAND, curl
from shadowproxy.findings.escaping import escape

URL = "http://legacy.test:9001/items?q=a%20b&r=[1-9]"
Fields = list[tuple[str, str]]

TEXT = st.text(st.characters(max_codepoint=255), max_size=30)
NAMES = st.text(st.sampled_from("abcX-'!#$`~*|^"), min_size=1, max_size=8)


def words(command: str) -> list[str]:
    """The words of the command that is last on the line, behind what printf and base64 do."""
    found = shlex.split(command)
    start = next(at for at in (0, 3, 7) if found[at] == "curl")
    return found[start:]


def sent(command: str) -> list[str]:
    found = words(command)
    return [found[at + 1] for at, word in enumerate(found) if word == "-H"]


def test_a_get_is_plain() -> None:
    """The options that keep curl from changing anything, and nothing that curl adds unasked."""
    assert curl("GET", "http://a/x", [("Host", "a"), ("Accept", "*/*"), ("User-Agent", "u")]) == (
        "curl -sS -i --http1.1 --globoff --path-as-is -H 'Accept: */*' -H 'User-Agent: u'"
        " --url http://a/x"
    )


def test_what_curl_would_add_is_kept_away() -> None:
    """A request without these fields is sent without them; a body needs two more."""
    assert sent(curl("GET", URL, [])) == ["accept:", "user-agent:"]
    assert sent(curl("POST", URL, [("accept", "a"), ("USER-AGENT", "u")], b"x")) == [
        "accept: a", "USER-AGENT: u", "content-type:", "expect:",
    ]  # fmt: skip


def test_fields_of_the_connection_are_left_out() -> None:
    """Hop-by-hop, framing, and what Connection names; the rest keeps order and repetition."""
    fields = [
        ("Connection", "close, X-Hop"), ("X-Hop", "1"), ("Transfer-Encoding", "chunked"),
        ("Content-Length", "5"), ("Keep-Alive", "1"), ("TE", "trailers"), ("Upgrade", "h2c"),
        ("Proxy-Authorization", "x"), ("Expect", "100-continue"),
        ("B", "2"), ("A", "1"), ("B", "1"), ("Empty", ""), ("not a name", "x"), ("@file", "x"),
        ("Accept", "a"), ("User-Agent", "u"),
    ]  # fmt: skip
    assert sent(curl("GET", URL, fields)) == [
        "B: 2", "A: 1", "B: 1", "Empty;", "Accept: a", "User-Agent: u",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "host", "is_kept"),
    [
        ("http://a:9001/", "a:9001", False), ("http://a:9001/", "shop.test", True),
        ("http://a/", "a:80", False), ("http://a:80/", "A", False), ("https://a/", "a:443", False),
        ("https://a/", "a:80", True), ("http://u:p@a/", "a", False), ("http://[::1", "a", True),
    ],
)  # fmt: skip
def test_host_is_kept_when_the_url_does_not_say_it(url: str, host: str, is_kept: bool) -> None:
    """Virtual hosts stay reachable by the address of one machine."""
    assert (f"Host: {host}" in sent(curl("GET", url, [("Host", host)]))) is is_kept


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [("GET", b"", []), ("HEAD", b"", ["--head"]), ("POST", b"", ["-X", "POST"]),
     ("GET", b"x", ["-X", "GET"]), ("HEAD", b"x", ["-X", "HEAD"]), ("A'B", b"", ["-X", "A'B"])],
)  # fmt: skip
def test_the_method_is_said_where_curl_would_choose_another(
    method: str, body: bytes, expected: list[str]
) -> None:
    """`-X HEAD` would wait for a body that never comes."""
    found = words(curl(method, "http://a/", [], body))
    assert found[6 : found.index("-H")] == expected


def test_what_is_redacted_stays_visible() -> None:
    """As it was handed in: nothing is dropped, nothing else is added."""
    command = curl("POST", "http://a/?token=[redacted]", [("Cookie", "[redacted]")], b"[redacted]")
    assert "Cookie: [redacted]" in sent(command)
    assert words(command)[-3:] == ["[redacted]", "--url", "http://a/?token=[redacted]"]


def test_a_coded_answer_is_readable() -> None:
    """Who asked for gzip reads the answer all the same."""
    assert "--compressed" in words(curl("GET", URL, [("Accept-Encoding", "gzip")]))
    assert "--compressed" not in words(curl("GET", URL, []))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": "it\'s"}', """--data-binary '{"a": "it'"'"'s"}'"""),
        ("größe".encode(), "--data-binary 'größe'"),
        (b"a\nb\t%d\\n", "printf 'a\\012b\\011%%d\\\\n' | curl"),
        (b"@/etc/passwd", "printf @/etc/passwd | curl"),
        (b"-n\n", "printf '\\055n\\012' | curl"),
        (b"a\x00b", "printf %s YQBi | base64 -d | curl"),
        (b"\xff", "printf %s /w== | base64 -d | curl"),
        ("\u202e".encode(), "printf %s 4oCu | base64 -d | curl"),
    ],
)
def test_a_body_is_shown_as_plainly_as_it_can_be(body: bytes, expected: str) -> None:
    """Text as text, lines by printf, other bytes as base64; never a file of the reader's."""
    assert expected in curl("POST", "http://a/", [], body)


def test_a_command_is_bounded() -> None:
    """A body that is too long is named by its size; a head that is too long is no command."""
    body = curl("POST", URL, [], b"x" * MAX_COMMAND)
    assert words(body)[-3] == "@body-of-4000-bytes"
    assert len(body) < 300
    assert curl("GET", URL, [("A", "x" * MAX_COMMAND)]) == ""
    assert len(curl("POST", URL, [], b"x" * 500, max_chars=800)) <= 800


@given(TEXT, TEXT, st.lists(st.tuples(NAMES, TEXT), max_size=4), st.binary(max_size=60))
def test_the_line_is_one_line_and_reads_back(
    method: str, target: str, fields: Fields, body: bytes
) -> None:
    """Whatever it is made of: nothing unseen on it, and each word is an option or its argument."""
    command = curl(method, "http://a/" + target, fields, body)
    assert escape(command) == command
    assert len(command.splitlines()) == 1
    command.encode()
    found = words(command)
    assert found[:6] == ["curl", "-sS", "-i", "--http1.1", "--globoff", "--path-as-is"]
    assert found[-2] == "--url"
    assert found[-1].startswith("http://a/")
    takes_one = {"-X", "-H", "--data-binary", "--url"}
    rest = iter(found[6:])
    for word in rest:
        if word in takes_one:
            next(rest)
        else:
            assert word in ("--head", "--compressed")


@given(st.lists(st.tuples(NAMES, TEXT), max_size=4))
def test_a_field_reads_back_as_it_was_sent(fields: Fields) -> None:
    """Name and value, as far as they could have been in a head that was parsed."""
    wanted = [
        (name, value.strip(" "))
        for name, value in fields
        if not any(ord(each) < 32 or ord(each) > 126 for each in value)
    ]
    dropped = {"te"}
    expected = [f"{name}: {value}" if value else f"{name};" for name, value in wanted
                if name.lower() not in dropped]  # fmt: skip
    assert sent(curl("GET", URL, wanted))[: len(expected)] == expected


FAKE = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done
case "$*" in *"--data-binary @-"*) printf 'stdin\\0'; cat;; esac
"""


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `curl` that says what it was given."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "curl").write_text(FAKE)
    (folder / "curl").chmod(0o755)
    return folder


def run(command: str, folder: Path) -> tuple[list[bytes], bytes]:
    """Words and standard input of curl, by a real sh."""
    path = f"{folder}:{os.environ['PATH']}"
    shell = subprocess.run(
        ["sh", "-c", command], capture_output=True, check=True, env={"PATH": path, "LC_ALL": "C"}
    )
    said, _, read = shell.stdout.partition(b"stdin\0")
    return said.split(b"\0")[:-1], read


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [b"", b"plain", b"it's $HOME `id` \"x\" !1 \\", b"@file", b"-n\n%s\\0\r\t", b"%", b"\0\1\xff",
     bytes(range(256)), "größe\u2028\n".encode(), b"\n", b"a" * 2000],
)  # fmt: skip
def test_a_real_shell_gives_curl_what_was_meant(body: bytes, fake: Path) -> None:
    """Every argument and every byte of the body."""
    fields = [("X-A", 'it\'s $(id) `id` "q" \\ ; | & > #'), ("X-Ü", "x"), ("X-B", "gr\xc3\xb6")]
    command = curl("PO'ST", "http://a/$HOME;'x'", fields, body)
    found, read = run(command, fake)
    assert [word.encode() for word in words(command)[1:]] == found
    assert b'X-A: it\'s $(id) `id` "q" \\ ; | & > #' in found
    assert "X-B: grö".encode() in found
    assert found[-1] == b"http://a/$HOME;'x'"
    if body:
        data = found[found.index(b"--data-binary") + 1]
        assert (read if data == b"@-" else data) == body


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(body=st.text(st.sampled_from("a%\\'\"$`!-@\n\t\r0ü ")).map(str.encode))
def test_any_text_reaches_curl(body: bytes, fake: Path) -> None:
    """The characters that shells, printf and curl treat specially, in any order."""
    found, read = run(curl("POST", "http://a/", [], body), fake)
    if body:
        data = found[found.index(b"--data-binary") + 1]
        assert (read if data == b"@-" else data) == body

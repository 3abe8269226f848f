"""Which header fields take part, and how."""

import pytest

from shadowproxy.compare.headers import parse_fields
from shadowproxy.compare.ruleset import Rules, rules_of
from shadowproxy.core.settings import CompareSettings
from tests.compare.observing import answer, compared, found


def header_differences(
    legacy: tuple[str, ...], candidate: tuple[str, ...], rules: Rules | None = None
) -> list[tuple[str, str]]:
    return found(
        answer(fields=legacy), answer(fields=candidate), rules if rules is not None else Rules()
    )


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 5", "Server: a", "Via: x", "Age: 1", "X-Runtime: 0.1", "CF-RAY: 1",
        "Connection: keep-alive", "Keep-Alive: timeout=5", "Transfer-Encoding: chunked",
        "Trailer: x", "Upgrade: h2c", "Proxy-Connection: close",
    ],
)  # fmt: skip
def test_ignored_fields_may_differ_in_presence_too(line: str) -> None:
    """Hop-by-hop and framing fields say nothing about the answer."""
    assert header_differences((line,), ()) == []


@pytest.mark.parametrize("name", ["Date", "X-Request-Id", "ETag", "Expires", "X-B3-TraceId", "b3"])
def test_presence_is_asserted_where_the_value_is_not(name: str) -> None:
    """Another date is no difference; no date is one."""
    assert header_differences((f"{name}: 1",), (f"{name}: 2",)) == []
    assert header_differences((f"{name}: 1",), ()) == [(f"#header/{name.lower()}", "removed")]
    assert header_differences((), (f"{name}: 1",)) == [(f"#header/{name.lower()}", "added")]


def test_names_are_exact_never_parts() -> None:
    """A rule for `date` says nothing about `x-candidate-id` or `update`."""
    assert header_differences(("Update: 1", "X-Date: 1"), ("Update: 2", "X-Date: 2")) == [
        ("#header/update", "changed"),
        ("#header/x-date", "changed"),
    ]


def test_every_other_field_takes_part() -> None:
    """Value, presence and order of any end-to-end field count."""
    assert header_differences(
        ("Location: /a", "Cache-Control: no-store", "X-Only: 1"),
        ("Location: /b", "cache-control: no-store", "X-New: 1"),
    ) == [
        ("#header/location", "changed"),
        ("#header/x-new", "added"),
        ("#header/x-only", "removed"),
    ]


def test_lines_of_one_name_are_one_list() -> None:
    """RFC 9110 5.3: two lines mean the same as one with both values; another order is `order`."""
    assert header_differences(("Vary: a", "Vary: b"), ("Vary: a, b",)) == []
    assert header_differences(("Vary: a", "Vary: b"), ("Vary: b", "Vary: a")) == [
        ("#header/vary", "order")
    ]


def test_an_unordered_list_is_a_set_of_values() -> None:
    """With the rule, order and spacing mean nothing; a value more still does."""
    rules = Rules(unordered_headers=frozenset({"vary"}))
    assert header_differences(("Vary: a, b",), ("Vary: b,a",), rules) == []
    assert header_differences(("Vary: a, b",), ("Vary: b, a, c",), rules) == [
        ("#header/vary", "changed")
    ]


def test_configured_names_are_ignored_in_any_case() -> None:
    """`compare.headers.ignore` takes names as people write them."""
    rules = rules_of(CompareSettings(ignore_headers=("X-Served-By",)))
    assert header_differences(("x-served-by: a",), ("X-SERVED-BY: b",), rules) == []


def test_what_connection_names_goes_no_further() -> None:
    """A field that its own Connection lists is hop-by-hop, on that side alone."""
    assert header_differences(("Connection: X-Hop", "X-Hop: 1"), ()) == []
    assert header_differences(("Connection: X-Hop", "X-Hop: 1"), ("X-Hop: 1",)) == [
        ("#header/x-hop", "added")
    ]


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        (("sid=1; Path=/; HttpOnly",), ("sid=2; httponly; path=/",), []),
        (("sid=1; Path=/",), ("sid=1; Path=/; Secure",), ["changed"]),
        (("sid=1; Path=/a",), ("sid=1; Path=/A",), ["changed"]),
        (("sid=1; Expires=Mon, 1 Jan 2024",), ("sid=1; Expires=Tue, 2 Jan 2024",), []),
        (("sid=1; Expires=Mon, 1 Jan 2024",), ("sid=1",), ["changed"]),
        (("a=1", "b=1"), ("b=1", "a=1"), []),
        (("a=1", "b=1"), ("b=1",), ["removed"]),
        ((), ("b=1",), ["added"]),
        (("a=1", "a=2"), ("a=1",), ["changed"]),
    ],
)
def test_cookies_compare_by_name_and_attributes(
    legacy: tuple[str, ...], candidate: tuple[str, ...], expected: list[str]
) -> None:
    """A cookie's value never counts; its name and attributes always do."""
    lines = [tuple(f"Set-Cookie: {each}" for each in side) for side in (legacy, candidate)]
    assert [kind for _, kind in header_differences(lines[0], lines[1])] == expected


def test_a_cookie_difference_does_not_carry_the_value() -> None:
    """What is shown of a cookie is its name and attributes."""
    result = compared(answer(fields=("Set-Cookie: sid=s3cret; Secure",)), answer())
    assert [d.legacy for d in result.differences] == ["sid=...; secure"]


def test_a_head_without_fields_is_no_fields() -> None:
    """An empty head, or lines without a colon, raise nothing."""
    assert parse_fields(b"") == {}
    assert parse_fields(b"HTTP/1.1 200 OK\r\nodd\r\n\r\n") == {"odd": [""]}

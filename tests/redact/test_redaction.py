"""What never leaves, and what stays recognisable."""

import json
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadowproxy.compare.bodies import Opaque
from shadowproxy.compare.differences import MISSING, Difference
from shadowproxy.core.settings import RedactSettings
from shadowproxy.core.words import Kind
from shadowproxy.redact.redaction import MAX_TEXT, Redactor
from shadowproxy.redact.secrets import hide_in_text, is_card_number, is_secret_name
from tests.compare.observing import answer, compared

REDACTOR = Redactor(RedactSettings(headers=("X-Session",), members=("birthday",)), b"key")
SECRET = "hunter2-s3cr3t"
CARD = "4111111111111111"


@pytest.mark.parametrize(
    "name",
    [
        "password", "userPassword", "PASSWORD_HASH", "client-secret", "access_token", "csrfToken",
        "apiKey", "api_key", "X-Api-Key", "Authorization", "ssn", "userSSN", "cardNumber",
        "credit-card", "cvv2", "IBAN", "birthday", "Birthday",
    ],
)  # fmt: skip
def test_a_member_of_a_secret_name_is_hidden_at_any_depth(name: str) -> None:
    """Its value, and everything below it, is replaced; the shape stays."""
    value = {"a": [{name: {"inner": [SECRET, 1, True]}}]}
    shown = REDACTOR.value(value)
    assert SECRET not in json.dumps(shown)
    hidden = "[redacted]"
    assert shown == {"a": [{name: {"inner": [hidden, hidden, hidden]}}]}


@pytest.mark.parametrize("name", ["price", "className", "id", "description", "author"])
def test_other_members_are_shown(name: str) -> None:
    """What does not look like a secret is what people need to see."""
    assert REDACTOR.value({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    "text",
    [
        f"token={SECRET}", f"&api_key={SECRET}&", f'{{"password": "{SECRET}"}}',
        f"password: '{SECRET} with spaces'", f"Authorization: Bearer {SECRET}",
        f"Bearer {SECRET}", f"Basic {SECRET}", f"https://user:{SECRET}@host/",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"userpassword = {SECRET};",
    ],
)  # fmt: skip
def test_secrets_inside_texts_are_hidden(text: str) -> None:
    """Named values, credentials, keys and user information, wherever they stand in a text."""
    hidden = hide_in_text(f"before {text} after")
    assert SECRET not in hidden
    assert "before" in hidden


def test_a_json_web_token_is_hidden() -> None:
    """It is recognised by how it begins."""
    assert hide_in_text("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln y") == "x [redacted] y"


@pytest.mark.parametrize(
    "text",
    [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", f"x{CARD}y", "12 4111 1111 1111 1111 9",
     "378282246310005", "4111 1111 1111 1111 4111 1111 1111 1111"],
)  # fmt: skip
def test_card_numbers_are_hidden(text: str) -> None:
    """By Luhn's check, with and without separators, among other digits."""
    hidden = hide_in_text(text)
    assert "[card]" in hidden
    assert "1111 1111" not in hidden
    assert CARD not in hidden


def test_other_long_numbers_are_shown() -> None:
    """A number that fails the check is no card."""
    assert hide_in_text("4111111111111112") == "4111111111111112"
    assert not is_card_number("4111111111111112")


@pytest.mark.parametrize("value", [int(CARD), Decimal(CARD), float(CARD), [int(CARD)]])
def test_card_numbers_that_are_numbers_are_hidden(value: Any) -> None:
    """A JSON number may be a card, too."""
    assert "4111" not in json.dumps(REDACTOR.value(value), default=str)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/search?q=shoes&page=2", "/search?q=shoes&page=2"),
        (f"/a?token={SECRET}&b=1", "/a?token=[redacted]&b=1"),
        (f"/a?%74oken={SECRET}", "/a?%74oken=[redacted]"),
        (f"/a?x={CARD}", "/a?x=[redacted]"),
        ("/a?x=4111%201111%201111%201111", "/a?x=[redacted]"),
        (f"/password-reset/{SECRET}/done", "/password-reset/[redacted]/done"),
        (f"/cards/{CARD}", "/cards/[redacted]"),
        (f"/pay/{CARD}", "/pay/[redacted]"),
    ],
)
def test_targets(target: str, expected: str) -> None:
    """Secret parameters, what follows a secret segment, and cards are hidden; the rest is kept."""
    assert REDACTOR.target(target) == expected


@pytest.mark.parametrize(
    ("mode", "target", "expected"),
    [
        ("drop", "/a/b?q=shoes&page=2", "/a/b?q=[string]&page=[string]"),
        ("drop", "/a?shoes", "/a?[string]"),
        ("drop", "/a?", "/a?"),
        ("drop", f"/a?token={SECRET}", "/a?token=[redacted]"),
        ("hash", "/a?q=a%20b&r=a+b", "/a?q={0}&r={0}"),
        ("hash", "/a?a+b", "/a?{0}"),
    ],
)
def test_values_of_a_query_are_hashed_or_dropped(
    mode: Literal["hash", "drop"], target: str, expected: str
) -> None:
    """Like those of bodies, where the same text has the same hash; twice changes nothing."""
    redactor = Redactor(RedactSettings(values=mode), b"key")
    shown = redactor.target(target)
    assert shown == expected.format(redactor.value("a b"))
    assert redactor.target(shown) == shown


@pytest.mark.parametrize(
    ("mode", "shown"), [("keep", "shoes"), ("drop", "[string]"), ("hash", "hash")]
)
def test_values_of_header_fields_are_treated_like_others(
    mode: Literal["keep", "hash", "drop"], shown: str
) -> None:
    """But for Content-Type; those of secret fields are hidden in any case."""
    redactor = Redactor(RedactSettings(values=mode), b"key")
    expected = redactor.value("shoes") if mode == "hash" else shown
    assert redactor.field("X-A", " shoes ") == redactor.field("x-b", expected) == expected
    assert redactor.field("Content-Type", " text/html") == "text/html"
    assert redactor.field("Cookie", "a=b") == redactor.field("Set-Cookie", "a=b") == "[redacted]"


@pytest.mark.parametrize(
    "name", ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-session"]
)
def test_secret_header_fields_are_hidden(name: str) -> None:
    """The default ones and the configured ones."""
    shown = REDACTOR.difference(Difference(f"#header/{name}", Kind.CHANGED, SECRET, "b"))
    assert shown == {
        "path": f"#header/{name}", "kind": "changed",
        "legacy": "[redacted]", "candidate": "[redacted]",
    }  # fmt: skip


def test_a_difference_below_a_secret_name_is_hidden() -> None:
    """The path says that it is a secret, whatever the value looks like."""
    legacy, candidate = answer('{"auth":{"token":{"v":"a"}}}'), answer('{"auth":{"token":{"v":1}}}')
    (difference,) = compared(legacy, candidate).differences
    assert REDACTOR.difference(difference) == {
        "path": "/auth/token/v", "kind": "type", "legacy": "[redacted]", "candidate": "[redacted]",
    }  # fmt: skip


def test_names_in_paths_are_data_too() -> None:
    """A map keyed by card number does not show it."""
    (difference,) = compared(answer(f'{{"{CARD}":1}}'), answer(f'{{"{CARD}":2}}')).differences
    assert REDACTOR.difference(difference)["path"] == "/[card]"


def test_long_texts_are_shown_where_they_part() -> None:
    """Two pages that differ far down show that place, with their secrets hidden first."""
    page = "<p>" + "x" * 5000 + f" token={SECRET} price "
    shown = REDACTOR.difference(Difference("", Kind.CHANGED, page + "9.99", page + "12.50"))
    assert shown["legacy"].endswith("price 9.99")
    assert shown["candidate"].endswith("price 12.50")
    assert SECRET not in json.dumps(shown)
    other = page.replace(SECRET, "another-" + SECRET)
    assert SECRET not in json.dumps(REDACTOR.difference(Difference("", Kind.CHANGED, page, other)))


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6, list(range(10**5)), {str(n): n for n in range(10**5)}, 10**5000,
        [[[[[[[[[[1]]]]]]]]]], [[list(range(50))] * 50] * 50, Decimal("1" * 5000),
    ],
    ids=["text", "list", "object", "integer", "deep", "bushy", "decimal"],
)  # fmt: skip
def test_sizes_are_capped(value: Any) -> None:
    """Whatever a value is, what is shown of it is small."""
    assert len(json.dumps(REDACTOR.value(value), default=str)) < 20 * MAX_TEXT


def test_bytes_are_shown_as_their_number() -> None:
    """Of what nobody decoded only the size leaves."""
    assert REDACTOR.value(Opaque(12)) == "12 bytes"


def test_a_missing_side_is_absent() -> None:
    """`removed` has no candidate value, not a null one."""
    shown = REDACTOR.difference(Difference("/a", Kind.REMOVED, None, MISSING, ("a",)))
    assert shown == {"path": "/a", "kind": "removed", "legacy": None}


def test_hashing_keeps_equality_and_nothing_else() -> None:
    """`values: hash`: equal values have equal hashes under one key, other keys other hashes."""
    one = Redactor(RedactSettings(values="hash"), b"one")
    two = Redactor(RedactSettings(values="hash"), b"two")
    assert one.value({"a": SECRET, "b": SECRET}) == {"a": one.value(SECRET), "b": one.value(SECRET)}
    assert one.value(SECRET) != two.value(SECRET)
    assert one.value("1") != one.value(1)
    assert SECRET not in json.dumps(one.value([SECRET, {"token": SECRET}]))


def test_dropping_leaves_types() -> None:
    """`values: drop`: what kind of value it was, and nothing of it."""
    drop = Redactor(RedactSettings(values="drop"), b"k")
    assert drop.value({"a": ["x", 1, None]}) == {"a": ["[string]", "[number]", "[null]"]}


def test_event_fields_are_redacted() -> None:
    """Tracebacks and errors of other processes pass the same door."""
    shown = REDACTOR.event({"error": f"token={SECRET}", "password": SECRET, "count": 3, "x": None})
    assert shown == {"error": "token=[redacted]", "password": "[redacted]", "count": 3, "x": None}


pieces = st.sampled_from(
    ["token", "=", ":", '"', "'", " ", "Bearer ", "basic abcdefgh", CARD, "4111 1111 1111 1111",
     "-", "0", "password", "[redacted]", "[card]", "eyJhbGciOiJI.eyJz", "https://a:b@c", "\n",
     "-----BEGIN PRIVATE KEY-----", "{", "}", ",", "&", "authorization", "9"]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=60))
@example("token='[redacted]'")
def test_redaction_is_idempotent(text: str) -> None:
    """Redacting what was redacted changes nothing."""
    once = hide_in_text(text)
    assert hide_in_text(once) == once


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20))
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)


@given(trees)
def test_redacting_a_value_twice_changes_nothing(value: Any) -> None:
    """The same law for trees."""
    once = REDACTOR.value(value)
    assert REDACTOR.value(once) == once


@given(trees, st.sampled_from(["password", "token", "cardNumber"]))
def test_a_planted_secret_is_nowhere(value: Any, name: str) -> None:
    """However it is nested, a secret member's value does not get out."""
    for plant in ({name: SECRET}, [value, {name: [SECRET]}], {"x": value, name: {"y": SECRET}}):
        assert SECRET not in json.dumps(REDACTOR.value(plant))


def test_secret_names_are_found_in_any_spelling() -> None:
    """Case and punctuation do not matter, word parts do not either."""
    assert is_secret_name("X.API-Key")
    assert not is_secret_name("keyboard")


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_what_leaves_is_unicode_that_can_be_written(text: str) -> None:
    """JSON carries half a surrogate pair, UTF-8 cannot: findings and log lines need the escape."""
    shown = hide_in_text("\ud800" + text)
    shown.encode("utf-8")
    assert hide_in_text(shown) == shown

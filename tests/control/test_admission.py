"""Who may ask what, as a table, and the same rules on the wire."""

import base64
from dataclasses import replace
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.control.admission import Access, Caller, admit
from shadowproxy.control.answers import Refused
from shadowproxy.core.settings import AdminSettings, ListenSettings
from tests.control.filling import Filling
from tests.control.running import SETTINGS, controlling

OPEN = AdminSettings(ListenSettings("127.0.0.1", 9900))
GUARDED = AdminSettings(ListenSettings("0.0.0.0", 9900), "s3cret")
LOCAL = Caller("127.0.0.1", "127.0.0.1:9900")
REMOTE = Caller("192.0.2.7", "admin.example:9900")
BEARER = "Bearer s3cret"
BASIC = "Basic " + base64.b64encode(b"me:s3cret").decode()


def refusal(caller: Caller, access: Access, admin: AdminSettings) -> int:
    """The status that refuses, 0 when nothing does."""
    try:
        admit(caller, access, admin)
    except Refused as refused:
        return refused.status
    return 0


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9900", "[::1]:9900"])
@pytest.mark.parametrize("access", list(Access))
def test_own_names_from_this_machine_pass(host: str, access: Access) -> None:
    """With any port, since it may be forwarded."""
    assert refusal(replace(LOCAL, host=host), access, OPEN) == 0


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:9900", "127.0.0.1.evil.example", "localhost.evil", "", "[::1",
     "localhost@evil.example", "evil@localhost", "0.0.0.0:9900", "[::ffff:127.0.0.1]"],
)  # fmt: skip
@pytest.mark.parametrize("access", [Access.READ, Access.CHANGE])
def test_foreign_names_are_refused(host: str, access: Access) -> None:
    """DNS rebinding: the browser asks this address under another site's name."""
    assert refusal(replace(LOCAL, host=host), access, OPEN) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("access", [Access.READ, Access.CHANGE])
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Digest s3cret",
     "Bearer \udcff", "Basic !!", "Basic czNjcmV0"],
)  # fmt: skip
def test_without_the_token_nothing_is_said(access: Access, authorization: str) -> None:
    """Not even to this machine, when a token is set."""
    caller = replace(LOCAL, authorization=authorization)
    assert refusal(caller, access, GUARDED) == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("authorization", [BEARER, "bearer s3cret", "BEARER  s3cret "])
def test_the_token_opens_from_anywhere_under_any_name(access: Access, authorization: str) -> None:
    """The scheme is not case-sensitive (RFC 9110, 11.1)."""
    assert refusal(replace(REMOTE, authorization=authorization), access, GUARDED) == 0


def test_the_token_as_password_reads_but_does_not_change() -> None:
    """Browsers send Basic credentials along by themselves."""
    caller = replace(REMOTE, authorization=BASIC)
    assert refusal(caller, Access.READ, GUARDED) == 0
    assert refusal(caller, Access.CHANGE, GUARDED) == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("access", [Access.READ, Access.CHANGE])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:8080", "http://localhost:9900", "file://",
     "ftp://127.0.0.1:9900", "127.0.0.1:9900"],
)  # fmt: skip
def test_foreign_origins_are_refused(access: Access, origin: str) -> None:
    """With the token or without; another port is another origin."""
    assert refusal(replace(LOCAL, origin=origin), access, OPEN) == HTTPStatus.FORBIDDEN
    shown = replace(LOCAL, origin=origin, authorization=BEARER)
    assert refusal(shown, access, GUARDED) == HTTPStatus.FORBIDDEN


def test_our_own_pages_may_ask() -> None:
    """Same scheme, name and port."""
    caller = replace(LOCAL, origin="http://127.0.0.1:9900", fetch_site="same-origin")
    assert refusal(caller, Access.CHANGE, OPEN) == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
def test_a_page_of_another_site_changes_nothing(site: str) -> None:
    """Even if it hides its origin."""
    assert refusal(replace(LOCAL, fetch_site=site), Access.CHANGE, OPEN) == HTTPStatus.FORBIDDEN


def test_without_a_token_only_this_machine_changes() -> None:
    """Whatever name the request uses."""
    caller = Caller("192.0.2.7", "127.0.0.1:9900")
    assert refusal(caller, Access.CHANGE, OPEN) == HTTPStatus.FORBIDDEN
    assert refusal(caller, Access.READ, OPEN) == 0


@pytest.mark.parametrize("peer", ["", "127.0.0.1", "127.8.8.8", "::1"])
def test_what_counts_as_this_machine(peer: str) -> None:
    """Loopback of both families, and Unix sockets, whose permissions guard them."""
    assert refusal(replace(LOCAL, peer=peer), Access.CHANGE, OPEN) == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_probes_pass_whatever_they_carry(host: str, authorization: str) -> None:
    """Health says nothing but yes or no."""
    caller = Caller("192.0.2.7", host, authorization=authorization)
    assert refusal(caller, Access.PUBLIC, GUARDED) == 0


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_hostile_fields_never_open_a_guarded_server(
    host: str, origin: str, authorization: str
) -> None:
    """Any texts: refused, and never by an exception."""
    caller = Caller("192.0.2.7", host, origin, "", authorization)
    assert refusal(caller, Access.CHANGE, GUARDED) in (401, 403)


PATHS = ("/", "/metrics", "/api/v1/status", "/api/v1/groups", "/api/v1/openapi.json")


@pytest.mark.parametrize("path", PATHS)
async def test_every_reading_route_asks_for_the_token(path: str) -> None:
    """401 with a challenge; with the token 200."""
    settings = replace(SETTINGS, admin=AdminSettings(SETTINGS.admin.listen, "s3cret"))
    async with controlling(settings) as control:
        Filling().write(control.store)
        refused = await control.get(path)
        assert refused.status == 401
        assert refused.headers.getall("WWW-Authenticate") == [
            'Bearer realm="shadowproxy"', 'Basic realm="shadowproxy"',
        ]  # fmt: skip
        assert (await control.get(path, headers={"Authorization": BEARER})).status == 200


async def test_a_refused_change_changes_nothing() -> None:
    """No token, a foreign name, a foreign origin: the dial stays, and no reload happens."""
    settings = replace(SETTINGS, admin=AdminSettings(SETTINGS.admin.listen, "s3cret"))
    async with controlling(settings) as control:
        for headers in (
            {},
            {"Authorization": "Bearer no"},
            {"Authorization": BEARER, "Origin": "http://evil.example"},
        ):
            for method, path in (("PUT", "/api/v1/dials/shadow"), ("POST", "/api/v1/reload")):
                answer = await control.ask(method, path, headers=headers, json={"value": "off"})
                assert answer.status in (401, 403)
        assert control.process.dials.shadow_on
        assert control.process.settings.generation == 1
        assert control.events("dial_changed") == []


async def test_a_foreign_host_is_refused_on_the_wire() -> None:
    """With a problem document that says why."""
    async with controlling() as control:
        answer = await control.get("/api/v1/status", headers={"Host": "evil.example"})
        assert answer.status == 403
        assert "Host" in answer.json["detail"]

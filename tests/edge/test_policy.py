"""The policy: every no has its reason, and the dials act on the next request."""

from pathlib import Path

import pytest

from shadowproxy.core.lifecycle import DropReason, SkipReason
from shadowproxy.core.settings import (
    BackendSettings,
    ListenSettings,
    RouteSettings,
    Settings,
    ShadowSettings,
)
from shadowproxy.edge.policy import No, Policy
from shadowproxy.http1.requests import parse_request_head
from shadowproxy.ipc.dials import Dials

BACKEND = BackendSettings("http", "127.0.0.1", 1)
ROUTES = (
    RouteSettings("pay", 1, "/pay/**", shadow=False),
    RouteSettings("quote", 2, "/quote", shadow_methods=("POST",)),
    RouteSettings("rare", 3, "/rare", sample=0.0),
    RouteSettings("slow", 4, "/slow", max_rps=2.0),
)


def _settings(shadow: ShadowSettings | None = None) -> Settings:
    return Settings(
        (ListenSettings("127.0.0.1", 1),),
        BACKEND,
        BACKEND,
        routes=ROUTES,
        shadow=shadow or ShadowSettings(),
    )


def _decide(policy: Policy, line: str, fields: str = "", now_ns: int = 1) -> tuple[int, No | None]:
    raw = f"{line} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n".encode()
    return policy.decide(parse_request_head(raw, 100), b"10.0.0.1", now_ns)


@pytest.mark.parametrize(
    ("line", "fields", "slot", "no"),
    [
        ("GET /x", "", 0, None),
        ("POST /x", "", 0, SkipReason.METHOD),
        ("POST /quote", "", 2, None),
        ("GET /quote", "", 2, SkipReason.METHOD),
        ("GET /pay/1", "", 1, SkipReason.ROUTE),
        ("GET /rare", "", 3, SkipReason.NOT_SAMPLED),
        ("GET /x", "X-Shadow: candidate\r\n", 0, SkipReason.LOOP),
        ("GET /x", "x-shadow: legacy\r\n", 0, SkipReason.LOOP),
        ("GET /x", "Baggage: a=1, shadow = secondary;p=1,b=2\r\n", 0, SkipReason.LOOP),
        ("GET /x", "baggage: a=shadow,not-shadow=1,shadows=2\r\n", 0, None),
        ("GET /x", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 0, SkipReason.UPGRADE),
        ("POST /quote", "Content-Length: 2000000\r\n", 2, DropReason.BODY_TOO_LARGE),
    ],
)
def test_every_no_has_its_reason(
    tmp_path: Path, line: str, fields: str, slot: int, no: No | None
) -> None:
    """Loop, route, method, share and size are told apart, and the route is known anyway."""
    assert _decide(Policy(_settings(), Dials(tmp_path)), line, fields) == (slot, no)


def test_dials_act_on_the_next_request(tmp_path: Path) -> None:
    """Off, on, an override of the share, and back, without any other signal."""
    control = Dials(tmp_path)
    policy = Policy(_settings(), Dials(tmp_path))
    assert _decide(policy, "GET /x")[1] is None
    control.turn(shadow_on=False)
    assert not policy.is_on
    assert _decide(policy, "GET /x")[1] is SkipReason.OFF
    control.turn(shadow_on=True, sample=0.0)
    assert _decide(policy, "GET /x")[1] is SkipReason.NOT_SAMPLED
    control.clear_sample()
    assert _decide(policy, "GET /x")[1] is None


def test_an_override_never_raises_a_routes_own_share(tmp_path: Path) -> None:
    """A route that says 0 % stays at 0 % when the dial says 100 %."""
    control = Dials(tmp_path)
    control.turn(sample=1.0)
    assert _decide(Policy(_settings(), control), "GET /rare")[1] is SkipReason.NOT_SAMPLED


def test_shadow_without_room_costs_no_capture(tmp_path: Path) -> None:
    """What shadow publishes is the reason of the drop."""
    control = Dials(tmp_path)
    policy = Policy(_settings(), Dials(tmp_path))
    control.set_shed(DropReason.BREAKER_OPEN)
    assert _decide(policy, "GET /x")[1] is DropReason.BREAKER_OPEN
    control.set_shed(None)
    assert _decide(policy, "GET /x")[1] is None


def test_the_guard_holds_copies_back(tmp_path: Path) -> None:
    """At 100 % nothing is copied, and the reason says why."""
    policy = Policy(_settings(), Dials(tmp_path))
    policy.guarded_share = 1.0
    assert _decide(policy, "GET /x")[1] is DropReason.GUARD


def test_a_routes_rate_limit_drops_and_says_so(tmp_path: Path) -> None:
    """Two a second: the third in the same instant is dropped, a second later one passes."""
    policy = Policy(_settings(), Dials(tmp_path))
    nos = [_decide(policy, "GET /slow", now_ns=1)[1] for _ in range(3)]
    assert nos == [None, None, DropReason.RATE_LIMIT]
    assert _decide(policy, "GET /slow", now_ns=1_000_000_001)[1] is None


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("header:X-User-Id", "X-User-Id: {}\r\n"),
        ("cookie:session", "Cookie: theme=dark; session={}\r\n"),
    ],
)
def test_the_same_key_gets_the_same_answer(tmp_path: Path, key: str, fields: str) -> None:
    """Sticky: a user is sampled always or never, and about half of them are."""
    policy = Policy(_settings(ShadowSettings(sample=0.5, key=(key,))), Dials(tmp_path))
    sampled = 0
    for user in range(200):
        answers = {_decide(policy, "GET /x", fields.format(user))[1] for _ in range(5)}
        assert len(answers) == 1
        sampled += answers == {None}
    assert 60 < sampled < 140


def test_without_a_key_the_client_decides_or_chance(tmp_path: Path) -> None:
    """`client_ip` is stable for one client."""
    policy = Policy(_settings(ShadowSettings(sample=0.5, key=("client_ip",))), Dials(tmp_path))
    assert len({_decide(policy, "GET /x")[1] for _ in range(50)}) == 1
    policy = Policy(_settings(ShadowSettings(sample=0.5)), Dials(tmp_path))
    assert len({_decide(policy, "GET /x")[1] for _ in range(200)}) == 2

"""Shall this request be copied? Every no has its reason.

Reads one word of the dials page per request, so a kill switch acts on the very next one.
"""

from random import random

from shadowproxy.core.lifecycle import DropReason, SkipReason
from shadowproxy.core.routing import Router
from shadowproxy.core.sampling import RateLimit, draw_of_key, is_sampled
from shadowproxy.core.settings import RouteSettings, Settings
from shadowproxy.http1.heads import RequestHead
from shadowproxy.ipc.dials import SEQUENCE, SHED, Dials

No = SkipReason | DropReason


class _Plan:
    """One route's policy, ready to be applied."""

    __slots__ = ("limit", "methods", "rate", "shadow", "slot")

    def __init__(self, route: RouteSettings | None, settings: Settings, override: float | None):
        shadow = settings.shadow
        self.slot = route.slot if route else 0
        self.shadow = route.shadow if route else True
        methods = (route.shadow_methods if route else ()) or shadow.methods
        self.methods = frozenset(method.encode() for method in methods)
        own = route.sample if route else None
        if override is not None:
            self.rate = override if own is None else min(own, override)
        else:
            self.rate = shadow.sample if own is None else own
        per_s = route.max_rps if route else None
        self.limit = RateLimit(per_s / settings.workers) if per_s else None


class Policy:
    """The policy in force in one edge."""

    def __init__(self, settings: Settings, dials: Dials) -> None:
        self._settings = settings
        self._dials = dials
        self._words = dials.words
        self._router = Router(settings.routes)
        self._has_router = bool(settings.routes)
        self._key = tuple(_key_source(source) for source in settings.shadow.key)
        per_s = settings.shadow.max_rps
        self._limit = RateLimit(per_s / settings.workers) if per_s else None
        self._max_body_bytes = settings.shadow.max_body_bytes
        self.guarded_share = 0.0
        """The share that the impact guard holds back right now, 0.0 to 1.0."""
        self._sequence = -1
        self._is_on = False
        self._plans: dict[str | None, _Plan] = {}
        self._refresh()

    @property
    def is_on(self) -> bool:
        """Copies are made at all, by the dial as it stands this instant."""
        if self._words[SEQUENCE] != self._sequence:
            self._refresh()
        return self._is_on

    def _refresh(self) -> None:
        settings = self._settings
        self._sequence = self._dials.sequence
        self._is_on = self._dials.shadow_on and settings.candidate is not None
        override = self._dials.sample_override
        self._plans = {route.name: _Plan(route, settings, override) for route in settings.routes}
        self._plans[None] = _Plan(None, settings, override)

    def decide(self, head: RequestHead, client_ip: bytes, now_ns: int) -> tuple[int, No | None]:
        """The route slot of a request, and why it is not copied (None: it is)."""
        if self._words[SEQUENCE] != self._sequence:
            self._refresh()
        route = self._router.match(head.method, head.target) if self._has_router else None
        plan = self._plans[route.name if route else None]
        no = self._skip(plan, head)
        if (
            no is None
            and plan.rate < 1.0
            and not is_sampled(plan.rate, self._draw(head, client_ip))
        ):
            no = SkipReason.NOT_SAMPLED
        return plan.slot, no or self._limited(plan, head, now_ns)

    def _skip(self, plan: _Plan, head: RequestHead) -> SkipReason | None:
        if head.is_marked:
            return SkipReason.LOOP
        if not self._is_on:
            return SkipReason.OFF
        if head.has_upgrade:
            return SkipReason.UPGRADE
        if not plan.shadow:
            return SkipReason.ROUTE
        return None if head.method in plan.methods else SkipReason.METHOD

    def _limited(self, plan: _Plan, head: RequestHead, now_ns: int) -> DropReason | None:
        if self._words[SHED]:
            return self._dials.shed
        if self.guarded_share and random() < self.guarded_share:  # noqa: S311 - no secret
            return DropReason.GUARD
        if head.length and head.length > self._max_body_bytes:
            return DropReason.BODY_TOO_LARGE
        for limit in (plan.limit, self._limit):
            if limit is not None and not limit.take(now_ns):
                return DropReason.RATE_LIMIT
        return None

    def _draw(self, head: RequestHead, client_ip: bytes) -> float:
        for kind, name in self._key:
            value = client_ip if kind == "client_ip" else _value_of(head, kind, name)
            if value:
                return draw_of_key(value)
        return random()  # noqa: S311 - no secret


def _key_source(source: str) -> tuple[str, bytes]:
    kind, _, name = source.partition(":")
    return kind, name.lower().encode() if kind == "header" else name.encode()


def _value_of(head: RequestHead, kind: str, name: bytes) -> bytes | None:
    if kind == "header":
        return next((value for field, value in head.fields if field.lower() == name), None)
    for field, value in head.fields:
        if field.lower() == b"cookie":
            for cookie in value.split(b";"):
                cookie_name, _, cookie_value = cookie.strip().partition(b"=")
                if cookie_name == name:
                    return cookie_value
    return None

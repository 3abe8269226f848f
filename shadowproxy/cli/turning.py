"""`shadowproxy set` and `shadowproxy unset`: dials of the running proxy."""

from typing import Any, Final
from urllib.parse import quote

import click

from shadowproxy.cli.admin import Admin
from shadowproxy.config.escaping import printable
from shadowproxy.config.quantities import (
    approximate_duration,
    print_share,
    read_duration,
    read_share,
)

DIALS: Final = ("shadow", "shadow.sample")
_SWITCH: Final = {"on": True, "off": False, "true": True, "false": False}


def turn(admin: Admin, dial: str, value: str, ttl: str | None, reason: str | None) -> None:
    """Sets a dial and says what it is now."""
    _require_known(dial)
    document: dict[str, Any] = {"value": _checked(dial, value)}
    if ttl is not None:
        try:
            read_duration(ttl)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--ttl") from None
        document["ttl"] = ttl
    if reason is not None:
        document["reason"] = reason
    answer = admin.ask("PUT", f"/api/v1/dials/{quote(dial)}", document)
    _say(dial, answer, f"is {value}" + (f" for {ttl}" if ttl else ""))


def turn_back(admin: Admin, dial: str) -> None:
    """Unsets a dial and says what it is now."""
    _require_known(dial)
    answer = admin.ask("DELETE", f"/api/v1/dials/{quote(dial)}")
    _say(dial, answer, "is as configured")


def _require_known(dial: str) -> None:
    if dial not in DIALS:
        raise click.BadParameter(f"expected {' or '.join(DIALS)}", param_hint="DIAL")


def _checked(dial: str, value: str) -> str:
    """The value as the API takes it; mistakes are found before anything is asked."""
    if dial == "shadow":
        if value.lower() not in _SWITCH:
            raise click.BadParameter("expected on or off", param_hint="VALUE")
        return "on" if _SWITCH[value.lower()] else "off"
    try:
        read_share(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="VALUE") from None
    return value


def _say(dial: str, answer: Any, otherwise: str) -> None:
    value = answer.get("value")
    if isinstance(value, float):
        value = print_share(value)
    told = otherwise if value is None else f"is {printable(str(value), 60)}"
    left_s = answer.get("ttl_s")
    if isinstance(left_s, int | float):
        told += f" for {approximate_duration(left_s)}"
    click.echo(f"{dial} {told}")

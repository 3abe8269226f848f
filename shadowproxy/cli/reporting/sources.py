"""Where a report comes from: a running proxy, or the store that it writes.

--store URL                  the store
else a proxy that answers    the proxy
else -c FILE                 the file's report.store, which is said on standard error
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from shadowproxy.cli.admin import Admin, NoAnswer, choose_admin
from shadowproxy.cli.ending import Ending
from shadowproxy.config.escaping import printable
from shadowproxy.config.stores import absolute, mask
from shadowproxy.core.settings import AdminSettings, ReportSettings

PATH: Final = "/api/v1/report"
_SECTIONS: Final = ("conclusion", "exchanges", "users", "verdicts")
"""What any report has; a document without them is another program's."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of what is kept; `since` is as written, `since_s` what it means."""

    since: str | None = None
    since_s: float | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look; `store` is a URL."""

    path: str | None = None
    admin: str | None = None
    token: str | None = None
    store: str | None = None


def read_document(places: Places, selection: Selection) -> dict[str, Any]:
    """The report.

    Raises:
        ConfigError, Ending, ClickException: it cannot be had.
    """
    if places.store is not None:
        return _from_store(ReportSettings(absolute(places.store, Path.cwd())), selection)
    admin, report = _look_up(places)
    try:
        return _from_proxy(admin, selection)
    except NoAnswer as error:
        if not report.store:
            hint = "--store URL reads the store of one that does not run"
            raise NoAnswer(f"{error.message}; {hint}") from None
        told = f"{error.message}; reading {printable(mask(report.store))}, the file's report.store"
        click.echo(told, err=True)
    return _from_store(report, selection)


def _look_up(places: Places) -> tuple[Admin, ReportSettings]:
    settings, report = AdminSettings(), ReportSettings()
    if places.path is not None:
        from shadowproxy.config.loading import load

        loaded = load(places.path).settings
        settings, report = loaded.admin, loaded.report
    return choose_admin(settings, places.admin, places.token), report


def _from_proxy(admin: Admin, selection: Selection) -> dict[str, Any]:
    asked = {"since": selection.since, "endpoint": selection.endpoint}
    query = urlencode({name: text for name, text in asked.items() if text}, quote_via=quote)
    document: dict[str, Any] = admin.ask("GET", f"{PATH}?{query}" if query else PATH)
    return _required(document, admin.name)


def _required(document: dict[str, Any], name: str) -> dict[str, Any]:
    if all(isinstance(document.get(section), dict) for section in _SECTIONS):
        return document
    raise Ending(f"{name}: the answer is not a report; is it another release of shadowproxy?")


def _from_store(report: ReportSettings, selection: Selection) -> dict[str, Any]:
    from shadowproxy.report.opening import StoreError
    from shadowproxy.report.reading import read_report

    try:
        return read_report(
            report.store,
            since_s=selection.since_s,
            endpoint=selection.endpoint,
            now=datetime.now(UTC),
            max_mismatch=report.max_mismatch,
        )
    except StoreError as error:
        raise Ending(f"{printable(mask(report.store))}: {printable(str(error), 500)}") from None

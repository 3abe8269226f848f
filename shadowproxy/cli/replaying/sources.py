"""Where findings and their samples come from, and who is told that one is fixed: a proxy or a store."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

from shadowproxy.cli.admin import Admin
from shadowproxy.cli.ending import Ending
from shadowproxy.cli.replaying.stored import Finding, Sample, read_finding, read_sample
from shadowproxy.config.escaping import printable
from shadowproxy.config.stores import absolute, mask
from shadowproxy.noise.known import State

OPEN: Final = "open"
RETURNED: Final = "returned"
FIXED: Final = "fixed"
PAGE: Final = 200
ACTOR: Final = "shadowproxy replay"
MAX_REASON: Final = 500


SavedRule = tuple[str, dict[str, Any]]
"""Its endpoint, empty for all, and what it says."""


class Found(NamedTuple):
    """The findings to replay; `total` counts those that the limit leaves out, too.

    `noise` are open ones that are known to be noise: nobody is waiting for their end.
    """

    findings: list[Finding]
    total: int
    noise: int = 0


class Source(Protocol):
    """What replay needs; each may raise Ending."""

    def findings(self, ids: Sequence[str], limit: int) -> Found:
        """Those of the ids; without ids the open ones, the most frequent first."""

    def sample(self, sample_id: str) -> Sample | None:
        """One sample; None if it is not kept any more."""

    def saved_rules(self) -> list[SavedRule]:
        """Rules that people saved on a page, beside those of the file."""

    def mark_fixed(self, finding_id: str, note: str) -> None:
        """Has it called fixed from now on."""


class RunningProxy:
    """By its API."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def findings(self, ids: Sequence[str], limit: int) -> Found:
        """Lists first, then asks for each: a list comes without samples."""
        found = {each: self._admin.find(_path("groups", each)) for each in ids}
        if ids:
            _require([each for each, document in found.items() if document is None])
            return Found(_read(found.values()), len(ids))
        listed, total = self._open(limit)
        telling = [each for each in listed if not _is_noise(each)]
        found = {
            each["id"]: self._admin.find(_path("groups", each["id"])) for each in telling[:limit]
        }
        noise = len(listed) - len(telling)
        return Found(_read(found.values()), max(total - noise, len(found)), noise)

    def _open(self, limit: int) -> tuple[list[dict[str, Any]], int]:
        """The open findings, those that came back first, and how many there are."""
        returned, more = self._listed(RETURNED, limit)
        opened, total = self._listed(OPEN, limit)
        known = {each["id"]: each for each in (*returned, *opened)}
        return list(known.values())[:limit], more + total

    def _listed(self, state: str, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Those of one state, and how many there are, as far as that was said."""
        listed: dict[str, dict[str, Any]] = {}
        total, after = 0, ""
        while len(listed) < limit:
            query = f"state={state}&sort=count&limit={min(PAGE, limit - len(listed))}"
            query += f"&after={quote(after, safe='')}" if after else ""
            page = self._admin.ask("GET", f"/api/v1/groups?{query}")
            before = len(listed)
            listed |= {each["id"]: each for each in _open_ones(page.get("groups"))}
            total = page["total"] if type(page.get("total")) is int else 0
            after = page.get("next") if isinstance(page.get("next"), str) else ""
            if not after or len(listed) == before:
                return list(listed.values()), len(listed)
        return list(listed.values()), max(total, len(listed))

    def sample(self, sample_id: str) -> Sample | None:
        """One request of ours."""
        document = self._admin.find(_path("samples", sample_id))
        return None if document is None else read_sample(document)

    def saved_rules(self) -> list[SavedRule]:
        """As it has them in force."""
        document = self._admin.find("/api/v1/rules")
        listed = document.get("rules") if isinstance(document, dict) else None
        return [
            (str(each.get("endpoint") or ""), each["rule"])
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict)
            and each.get("source") == "saved"
            and isinstance(each.get("rule"), dict)
        ]

    def mark_fixed(self, finding_id: str, note: str) -> None:
        """Audited there under the name of the token's owner."""
        self._admin.ask("POST", _path("groups", finding_id), {"state": FIXED, "note": note})


class Store:
    """By its address, without any proxy."""

    def __init__(self, url: str) -> None:
        self._url = absolute(url, Path.cwd())

    def findings(self, ids: Sequence[str], limit: int) -> Found:
        """All of them come with their samples."""
        documents = self._read_groups(ids)
        if ids:
            known = {document.get("id") for document in documents}
            _require([each for each in ids if each not in known])
            return Found(_read(documents), len(ids))
        listed = _open_ones(documents)
        telling = [each for each in listed if not _is_noise(each)]
        telling.sort(key=lambda each: (-_count(each), each["id"]))
        return Found(_read(telling[:limit]), len(telling), len(listed) - len(telling))

    def _read_groups(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        from shadowproxy.report.reading import read_groups

        with self._told():
            return list(read_groups(self._url, list(ids) or None, datetime.now(UTC)))

    def sample(self, sample_id: str) -> Sample | None:
        """One reading of the store."""
        from shadowproxy.report.reading import read_sample as read

        with self._told():
            document = read(self._url, sample_id)
        return None if document is None else read_sample(document)

    def saved_rules(self) -> list[SavedRule]:
        """One reading of the store."""
        from shadowproxy.report.reading import read_saved_rules

        with self._told():
            return [(each["endpoint"], each["rule"]) for each in read_saved_rules(self._url)]

    def mark_fixed(self, finding_id: str, note: str) -> None:
        """Audited there as done by this command."""
        from shadowproxy.report.deciding import set_state

        with self._told():
            if not set_state(self._url, finding_id, FIXED, note, ACTOR, datetime.now(UTC)):
                raise Ending("it is not kept any more")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What is wrong with the store, as the end of the command."""
        from shadowproxy.report.opening import StoreError

        try:
            yield
        except StoreError as error:
            shown = printable(mask(self._url))
            raise Ending(f"{shown}: {printable(str(error), MAX_REASON)}") from None


def _path(what: str, found: str) -> str:
    return f"/api/v1/{what}/{quote(found, safe='')}"


def _open_ones(groups: Any) -> list[dict[str, Any]]:
    """Those with an id; a proxy of another release may not know how to select them."""
    known = [each for each in groups if isinstance(each, dict)] if isinstance(groups, list) else []
    return [
        each
        for each in known
        if isinstance(each.get("id"), str)
        and (each.get("state", OPEN) == OPEN or each.get("returned") is True)
    ]


def _is_noise(document: dict[str, Any]) -> bool:
    noise = document.get("noise")
    return isinstance(noise, dict) and noise.get("state") == State.NOISY


def _read(documents: Iterable[Any]) -> list[Finding]:
    found = map(read_finding, documents)
    return [finding for finding in found if finding is not None]


def _require(missing: Sequence[str]) -> None:
    if missing:
        names = ", ".join(printable(each, 40) for each in missing)
        raise Ending(f"no such finding: {names}", 2)


def _count(document: dict[str, Any]) -> int:
    count = document.get("count")
    return count if isinstance(count, int) else 0

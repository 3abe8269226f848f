"""Where findings and their samples come from, and who is told that one is fixed: a proxy or a store."""

from collections.abc import Iterator, Sequence
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

OPEN: Final = "open"
FIXED: Final = "fixed"
PAGE: Final = 200
ACTOR: Final = "shadowproxy replay"
MAX_REASON: Final = 500


class Found(NamedTuple):
    """The findings to replay; `total` counts those that are left out by the limit, too."""

    findings: list[Finding]
    total: int


class Source(Protocol):
    """What replay needs; each may raise Ending."""

    def findings(self, ids: Sequence[str], limit: int) -> Found:
        """Those of the ids; without ids the open ones, the most frequent first."""

    def sample(self, sample_id: str) -> Sample | None:
        """One sample; None if it is not kept any more."""

    def mark_fixed(self, finding_id: str, note: str) -> None:
        """Has it called fixed from now on."""


class RunningProxy:
    """By its API."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def findings(self, ids: Sequence[str], limit: int) -> Found:
        """Lists first, then asks for each: a list comes without samples."""
        total = len(ids)
        wanted = list(ids)
        if not ids:
            wanted, total = self._open(limit)
        documents = [(each, self._admin.find(_path("groups", each))) for each in wanted]
        missing = [each for each, document in documents if document is None]
        if ids:
            _require(missing)
        read = (read_finding(document) for _, document in documents)
        return Found([finding for finding in read if finding is not None], total)

    def _open(self, limit: int) -> tuple[list[str], int]:
        """Ids of the open findings, and how many there are, as far as that was said."""
        ids: dict[str, None] = {}
        total, after = 0, ""
        while len(ids) < limit:
            query = f"state={OPEN}&sort=count&limit={min(PAGE, limit - len(ids))}"
            page = self._admin.ask(
                "GET", f"/api/v1/groups?{query}" + (f"&after={quote(after, safe='')}" * bool(after))
            )
            before = len(ids)
            ids |= dict.fromkeys(_open_ids(page.get("groups")))
            total = page["total"] if type(page.get("total")) is int else 0
            after = page.get("next") if isinstance(page.get("next"), str) else ""
            if not after or len(ids) == before:
                break
        return list(ids)[:limit], max(total, len(ids))

    def sample(self, sample_id: str) -> Sample | None:
        """One request of ours."""
        document = self._admin.find(_path("samples", sample_id))
        return None if document is None else read_sample(document)

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
            known = {str(document.get("id")) for document in documents}
            _require([each for each in ids if each not in known])
        else:
            documents = [each for each in documents if each.get("state", OPEN) == OPEN]
            documents.sort(key=lambda each: (-_count(each), str(each.get("id"))))
        read = (read_finding(document) for document in documents[:limit])
        return Found([finding for finding in read if finding is not None], len(documents))

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


def _open_ids(groups: Any) -> list[str]:
    """A proxy of another release may not know how to select them."""
    known = [each for each in groups if isinstance(each, dict)] if isinstance(groups, list) else []
    return [
        each["id"]
        for each in known
        if isinstance(each.get("id"), str) and each.get("state", OPEN) == OPEN
    ]


def _require(missing: Sequence[str]) -> None:
    if missing:
        names = ", ".join(printable(each, 40) for each in missing)
        raise Ending(f"no such finding: {names}", 2)


def _count(document: dict[str, Any]) -> int:
    count = document.get("count")
    return count if isinstance(count, int) else 0

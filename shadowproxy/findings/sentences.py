"""The finding in one line, for people.

    `items[*].price` number became string in 312 of 10,412 answers of GET /cart/{id};
    legacy never disagreed with itself in 208 checks

Law: one line without control characters, at most MAX_SENTENCE characters, whatever a group holds.
"""

from typing import Final

from shadowproxy.core.words import Kind
from shadowproxy.findings.escaping import clip
from shadowproxy.findings.group import Group, Recheck
from shadowproxy.findings.places import name_place
from shadowproxy.findings.shares import share

MAX_SENTENCE: Final = 600
"""Three lines of a terminal; the parts below fill them only when all are at their limits."""
MAX_ENDPOINT: Final = 160
MAX_TYPE: Final = 60
"""Media types; `application/vnd.openxmlformats-officedocument` ones are longer, and cut."""

WIDE: Final = 1000
"""Exchanges from which a share needs no interval beside it: it is right to 3 points of a hundred."""

_WORDS: Final[dict[str, str]] = {
    Kind.CHANGED: "differs",
    Kind.REMOVED: "is missing",
    Kind.ADDED: "is new",
    Kind.ORDER: "has another order",
    Kind.DUPLICATE_KEY: "repeats a member name differently",
    Kind.INVALID: "can be decoded on one side only",
    Kind.RAW: "has other bytes",
    Kind.EMPTY: "is empty on one side only",
}


def sentence(group: Group, exchanges: int = 0) -> str:
    """The finding; `exchanges` are the endpoint's that were compared, 0 when nobody counted them."""
    parts = [f"{say_what(group)} {_where(group, exchanges)}", *_evidence(group), *_rechecks(group)]
    return clip("; ".join(parts), MAX_SENTENCE)


def say_what(group: Group, place: str = "") -> str:
    """What happened at the group's place, or at one that stands for several groups' places."""
    place = place or name_place(group.path)
    ours, theirs = (clip(each, MAX_TYPE) for each in group.types)
    if group.kind == Kind.STATUS:
        return f"status {group.legacy_status} became {group.candidate_status}"
    if group.kind == Kind.MEDIA:
        return f"media type {ours or '(none)'} became {theirs or '(none)'}"
    if group.kind == Kind.TYPE:
        return f"{place} {ours} became {theirs}"
    return f"{place} {_WORDS.get(group.kind, 'differs')}"


def count_things(count: int, name: str) -> str:
    """`1 answer`, `10,412 answers`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _where(group: Group, exchanges: int) -> str:
    count = group.count or group.explained
    endpoint = clip(group.endpoint, MAX_ENDPOINT)
    if not exchanges:
        return f"in {count_things(count, 'answer')} of {endpoint}"
    total = max(exchanges, count)
    return f"in {count:,} of {count_things(total, 'answer')} of {endpoint}{_interval(count, total)}"


def _interval(count: int, total: int) -> str:
    if total >= WIDE:
        return ""
    _, low, high = share(count, total)
    return f" ({100 * low:.0f} % to {100 * high:.0f} %, with 95 % confidence)"


def _evidence(group: Group) -> list[str]:
    state, samples, times, _ = group.noise
    said = []
    if samples:
        checks = count_things(samples, "check")
        said.append(
            f"legacy disagreed with itself in {times:,} of {checks}"
            if times
            else f"legacy never disagreed with itself in {checks}"
        )
    if state == "regression":
        said.append(
            "the candidate differs more often than that explains: a regression"
            if times
            else "the difference is the candidate's own: a regression"
        )
    if group.explained:
        more = f" in {group.explained:,} more" if group.count else ""
        said.append(f"explained by noise{more}")
    return said


def _rechecks(group: Group) -> list[str]:
    still, gone, flaky = (group.rechecks.get(outcome, 0) for outcome in Recheck)
    total = still + gone + flaky
    of_all = f"of {count_things(total, 're-check')}"
    said = []
    if gone:
        said.append(f"gone in {gone:,} {of_all}: flaky")
    if flaky:
        said.append(f"legacy itself differs in {flaky:,} {of_all}")
    if still and still == total:
        said.append(f"still different in {still:,} {of_all}")
    return said

"""The first page: are users untouched, is the candidate right, where is it wrong, what to do next.

Law: the verdict is said in words before anything is drawn or coloured.
"""

from shlex import quote
from typing import Any, Final, NamedTuple

from shadowproxy.pages import charts
from shadowproxy.pages.documents import Document, count, member, members, text, values
from shadowproxy.pages.endpoints import wrong
from shadowproxy.pages.figures import finite, number, plural, segment
from shadowproxy.pages.rendering import render

MAX_FINDINGS: Final = 10
"""Of the leading ones; the page of findings has all."""
MAX_ENDPOINTS: Final = 5
FAILING: Final = 0.5
"""The share of exchanges without an answer of the candidate from which an endpoint is named."""

GO: Final = "go"
NO_GO: Final = "no-go"
_HEADINGS: Final = {
    GO: ("good", "Go", "Go: the candidate answers like legacy"),
    NO_GO: ("bad", "No-go", "No-go: the candidate answers differently"),
}
_UNDECIDED: Final = ("wait", "Not enough data", "Not enough data for a verdict")

VERDICTS: Final = {
    "match": "Both answers are the same.",
    "noise": "They differ only where legacy differs from itself.",
    "mismatch": "The candidate answered differently.",
    "candidate_failed": "Legacy answered, the candidate did not.",
    "legacy_failed": "The candidate answered, legacy did not.",
    "both_failed": "Neither answered.",
    "incomparable": "Both answered; the answers could not be compared.",
}
"""Every verdict with its meaning, in the order in which they are shown."""

_PERIODS: Final = (("1h", 3600, "1 hour"), ("24h", 86_400, "1 day"), ("7d", 604_800, "7 days"))

_LOST: Final = {
    "lost": "The store cannot be reached",
    "full": "The store is full",
    "locked": "The store is locked by another process",
    "refused": "The store refused what was to be written",
    "silent": "Nothing is heard of the store",
}
_HELP: Final = {
    "lost": "Users are served and pairs are still compared, but nothing new is kept. Check that the "
    "store's host or folder is there and that it may be written; it is tried again by itself.",
    "full": "Users are served and pairs are still compared, but nothing new is kept. Make room, raise "
    "report.max_size or lower report.retention.",
    "locked": "Users are served and pairs are still compared, but nothing new is kept until the other "
    "process lets go. Two proxies need two SQLite files, or one PostgreSQL store.",
    "refused": "Users are served and pairs are still compared. What the store will never take is left "
    "out and counted as lost, and what comes after it is tried by itself; the log says what it was.",
    "silent": "Users are served, but judge has not said for a minute that the store is open: what is "
    "shown may be old. See on the page of the status whether judge is up, and in the log what it says.",
}
_UNHEARD: Final = ("", "starting")
SILENT_S: Final = 60.0
"""A store is opened within a second, or judge says why it is not."""


class Banner(NamedTuple):
    """The verdict, in words; `tone` repeats it as a colour."""

    tone: str
    word: str
    title: str
    sentence: str
    reasons: list[str]


class Step(NamedTuple):
    """What to do next; `address` is where, empty if that is not on a page."""

    sentence: str
    address: str


class Trouble(NamedTuple):
    """What keeps the report from being whole."""

    heading: str
    sentence: str
    error: str


def overview(report: Document, status: Document) -> str:
    """The page at `/`."""
    trouble = store_trouble(status)
    return render(
        "overview.html",
        **summary(report),
        problem="" if trouble else text(report, "problem"),
        trouble=trouble,
        start=_how_to_start(report, status),
        asking=ways_to_ask(status),
        steps=next_steps(report, status),
        findings=[each for each in members(report, "groups") if not _is_noise(each)][:MAX_FINDINGS],
        periods=_periods(report),
        shadowing=member(status, "shadow"),
    )


def _is_noise(group: Document) -> bool:
    """Explained: it is on the page of findings, and nothing to do."""
    return text(group, "noise", "state") == "noisy"


def summary(report: Document) -> dict[str, Any]:
    """What the page and the mailed report have in common, for their templates."""
    series = member(report, "series")
    return {
        "report": {**_NO_REPORT, **report, "coverage": member(report, "coverage")},
        "banner": banner(report),
        "users": member(report, "users"),
        "answers": _answers(report),
        "exchanges": member(report, "exchanges"),
        "verdicts": [
            (name, meaning, member(report, "verdicts", name)) for name, meaning in VERDICTS.items()
        ],
        "traffic": charts.traffic(series),
        "differing": charts.mismatch_over_time(series),
        "latencies": charts.latency_over_time(series),
        "causes": members(report, "causes"),
        "slower": members(report, "slower"),
        "endpoints": _worst(report),
        "not_compared": members(report, "not_compared"),
        "versions": members(report, "versions"),
    }


_NO_REPORT: Final[dict[str, Any]] = {
    "generated_at": None, "since": None, "window_s": None, "endpoint": None, "source": "",
    "findings": 0, "open": 0,
}  # fmt: skip


def banner(report: Document) -> Banner:
    """The conclusion as it is shown."""
    conclusion = member(report, "conclusion")
    tone, word, title = _HEADINGS.get(text(conclusion, "word"), _UNDECIDED)
    reasons = [str(reason) for reason in values(conclusion, "reasons")]
    return Banner(tone, word, title, text(conclusion, "sentence"), reasons)


def next_steps(report: Document, status: Document) -> list[Step]:
    """At most four things that bring the verdict nearer, the most pressing first."""
    steps: list[Step] = []
    shadow = member(status, "shadow")
    if shadow.get("paused"):
        steps.append(
            Step("Shadowing has paused itself to protect users: see what took the time.", "/status")
        )
    if shadow.get("breaker_open"):
        steps.append(Step("The candidate keeps failing: see whether it is up.", "/status"))
    if text(status, "dials", "shadow", "value") == "off":
        steps.append(Step("Shadowing is off: turn it on to go on comparing.", "/controls"))
    if failing := _failing(report):
        told = f"The candidate fails at {', '.join(failing[:3])}"
        more = f" and {plural(len(failing) - 3, 'more endpoint')}" if len(failing) > 3 else ""
        steps.append(Step(f"{told}{more}: see how often.", "/endpoints?sort=failed"))
    if open_ := count(report, "open"):
        steps.append(
            Step(
                f"Look at {plural(open_, 'open finding')}: mend the candidate, or mark what is meant "
                "to differ as expected.",
                "/findings?state=open",
            )
        )
    needed = finite(member(report, "conclusion").get("needed"))
    if needed and needed > 0:
        steps.append(
            Step(f"Let traffic go on: about {number(int(needed))} more exchanges are needed.", "")
        )
    coverage = finite(member(report, "coverage").get("rate"))
    if coverage is not None and coverage < 0.5:
        steps.append(
            Step("Less than half of the traffic is compared: see what is left out.", "/coverage")
        )
    if not steps and text(report, "conclusion", "word") == GO:
        steps.append(
            Step("Nothing is open. Keep watching, or give the candidate its share of users.", "")
        )
    return steps[:4]


def store_trouble(status: Document) -> Trouble | None:
    """What is wrong with the store, if anything; right after the start nothing is known of it."""
    store = member(status, "store")
    state = text(store, "state")
    if state in _UNHEARD and (finite(status.get("uptime_s")) or 0.0) > SILENT_S:
        state = "silent"
    if state not in _LOST:
        return None
    return Trouble(_LOST[state], _HELP[state], text(store, "error"))


def _how_to_start(report: Document, status: Document) -> str:
    """Why there is nothing to show: `candidate`, `traffic` or `comparing`; empty if there is."""
    if status.get("has_candidate") is False:
        return "candidate"
    exchanges = member(report, "exchanges")
    if not count(exchanges, "received"):
        return "traffic"
    return "" if count(exchanges, "recorded") else "comparing"


def ways_to_ask(status: Document) -> list[str]:
    """A command for each address that users are served at; none where they are not known."""
    found = (each for each in values(status, "listen") if isinstance(each, str) and each)
    return [_ask(each) for each in found][:MAX_WAYS]


def _ask(listen: str) -> str:
    path = listen.removeprefix("unix:")
    if path != listen:
        return f"curl -i --unix-socket {quote(path)} http://localhost/"
    host, _, port = listen.rpartition(":")
    return f"curl -i {quote(f'http://{_HERE.get(host, host)}:{port}/')}"


MAX_WAYS: Final = 3
_HERE: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}  # noqa: S104 - not bound
"""Where this machine reaches what listens everywhere."""


def _answers(report: Document) -> dict[str, Any]:
    """How the candidate's answers compare: those that differ, and those that failed."""
    verdicts = member(report, "verdicts")
    return {
        "compared": sum(count(verdicts, name, "count") for name in VERDICTS),
        "mismatch": member(verdicts, "mismatch"),
        "failed": member(verdicts, "candidate_failed"),
    }


def _worst(report: Document) -> list[dict[str, Any]]:
    """The endpoints with the largest share of answers that differ or never came."""
    endpoints = [each for each in members(report, "endpoints") if wrong(each)]
    endpoints.sort(key=wrong, reverse=True)
    return endpoints[:MAX_ENDPOINTS]


def _failing(report: Document) -> list[str]:
    """The endpoints at which the candidate hardly ever answers."""
    return [
        text(each, "endpoint")
        for each in members(report, "endpoints")
        if (finite(member(each, "failed").get("rate")) or 0.0) >= FAILING
    ]


def _periods(report: Document) -> list[tuple[str, str, bool]]:
    """Links to other periods: address, label, whether it is the one that is shown."""
    window_s = finite(report.get("window_s"))
    endpoint = text(report, "endpoint")
    more = f"endpoint={segment(endpoint)}" if endpoint else ""
    periods = [
        (f"/?since={since}{'&' if more else ''}{more}", label, window_s == length_s)
        for since, length_s, label in _PERIODS
    ]
    everything = (f"/?{more}" if more else "/", "everything kept", window_s is None)
    return [*periods, everything]

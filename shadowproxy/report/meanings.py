"""What it means that an exchange was not compared, and what to do: a sentence for each reason."""

from typing import Final

from shadowproxy.core.lifecycle import DropReason, FailReason, SkipReason

_SKIPPED: Final = {
    SkipReason.NOT_SAMPLED: "not in the sampled share: raise shadow.sample to compare more",
    SkipReason.METHOD: (
        "a method that is not copied: name it in a route's shadow_methods, with a reason, if a second"
        " request does no harm"
    ),
    SkipReason.ROUTE: "the route says shadow: never",
    SkipReason.NO_BODY_CAPTURE: (
        "legacy answered, or failed, before it had the whole request: there was nothing to copy"
    ),
    SkipReason.LOOP: "a copy itself: it carries X-Shadow and is never copied again",
    SkipReason.UPGRADE: "a WebSocket or another upgrade: a tunnel is never copied",
    SkipReason.OFF: "shadowing was off: the dial, the configuration, or no candidate",
    SkipReason.REFUSED: "answered by the proxy itself: malformed, or over a limit",
}
_DROPPED: Final = {
    DropReason.CHANNEL_FULL: "shadow did not keep up: lower shadow.sample, or give it a core",
    DropReason.CHANNEL_DOWN: "shadow was not running yet, or was being restarted",
    DropReason.IN_FLIGHT_LIMIT: (
        "shadow.max_in_flight copies were waiting: the candidate is slow, or the limit low"
    ),
    DropReason.MEMORY_LIMIT: "shadow.max_memory was used up by bodies that wait",
    DropReason.RATE_LIMIT: "above max_rps",
    DropReason.BODY_TOO_LARGE: "the request's body is larger than shadow.max_body",
    DropReason.BREAKER_OPEN: "the candidate kept failing, so it was left alone for a while",
    DropReason.DEADLINE: "no legacy answer came within the time limit",
    DropReason.CLIENT_GONE: "the user left before the answer was whole",
    DropReason.SHUTDOWN: "the proxy was stopped",
    DropReason.GUARD: "shadowing paused itself: it added more time to answers than guard.budget",
    DropReason.PROCESS_LOST: "a process of the proxy was killed while it had the exchange",
}
_FAILED: Final = {
    FailReason.CAPTURE: "a bug of ours while keeping the exchange; the log has its traceback",
    FailReason.SEND: "a bug of ours while sending the copy; the log has its traceback",
    FailReason.COMPARE: "a bug of ours while comparing; the log has its traceback",
    FailReason.REDACT: "it could not be redacted, so it was not recorded; the log has the place",
    FailReason.RECORD: "it could not be recorded; the log says why",
}
_ALL: Final[dict[tuple[str, str], str]] = {
    **{("skipped", str(reason)): said for reason, said in _SKIPPED.items()},
    **{("dropped", str(reason)): said for reason, said in _DROPPED.items()},
    **{("failed", str(reason)): said for reason, said in _FAILED.items()},
}


def meaning(state: str, reason: str) -> str:
    """The sentence."""
    return _ALL[state, reason]

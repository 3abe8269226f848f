"""The life of an exchange, as a table: every request that is received ends in exactly one state.

    received ─► skipped(reason)                 policy said no
             └► admitted ─► dropped(reason)     policy said yes, a limit was hit
                        └► shadowed ─► failed(reason)     our own fault
                                   └► recorded(verdict)

Law: received = skipped + dropped + failed + recorded + in flight, after every event.
An exchange that changes process is counted by both: `handed_over` by the one that gives it away,
`accepted_from` by the one that takes it. What was handed over and never accepted is taken back by
the giver, what a killed process had taken and not ended by its successor, each as
dropped(process_lost).
"""

from enum import StrEnum


class State(StrEnum):
    """Where an exchange ended."""

    SKIPPED = "skipped"
    DROPPED = "dropped"
    FAILED = "failed"
    RECORDED = "recorded"


class SkipReason(StrEnum):
    """Policy said no."""

    NOT_SAMPLED = "not_sampled"
    METHOD = "method"
    ROUTE = "route"
    NO_BODY_CAPTURE = "no_body_capture"
    LOOP = "loop"
    UPGRADE = "upgrade"
    OFF = "off"
    REFUSED = "refused"


class DropReason(StrEnum):
    """Policy said yes, but a limit was hit."""

    CHANNEL_FULL = "channel_full"
    CHANNEL_DOWN = "channel_down"
    IN_FLIGHT_LIMIT = "in_flight_limit"
    MEMORY_LIMIT = "memory_limit"
    RATE_LIMIT = "rate_limit"
    BODY_TOO_LARGE = "body_too_large"
    BREAKER_OPEN = "breaker_open"
    DEADLINE = "deadline"
    CLIENT_GONE = "client_gone"
    SHUTDOWN = "shutdown"
    GUARD = "guard"
    PROCESS_LOST = "process_lost"


class FailReason(StrEnum):
    """Our own fault: the step that raised."""

    CAPTURE = "capture"
    SEND = "send"
    COMPARE = "compare"
    REDACT = "redact"
    RECORD = "record"


REASONS: dict[State, tuple[str, ...]] = {
    State.SKIPPED: tuple(SkipReason),
    State.DROPPED: tuple(DropReason),
    State.FAILED: tuple(FailReason),
}
"""The closed reasons of each state; `recorded` carries a verdict instead."""

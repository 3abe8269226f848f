"""Short ways to write observations."""

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.differences import Comparison
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules

NO_RULES = Rules()


def answer(
    body: bytes | str = b"",
    content_type: str | None = "application/json",
    status: int = 200,
    fields: tuple[str, ...] = (),
) -> Observation:
    """A whole answer; `fields` are header lines."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Some Reason", *fields]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return Observation(None, status, head, raw, len(raw))


def compared(legacy: Observation, candidate: Observation, rules: Rules = NO_RULES) -> Comparison:
    return compare(legacy, candidate, rules)


def found(
    legacy: Observation, candidate: Observation, rules: Rules = NO_RULES
) -> list[tuple[str, str]]:
    """(path, kind) of every difference, sorted."""
    return sorted((d.path, str(d.kind)) for d in compare(legacy, candidate, rules).differences)

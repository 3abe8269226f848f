"""Short ways to decode."""

from typing import Any

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.formats import decode
from shadowproxy.decode.json_text import How
from shadowproxy.decode.media import media_of
from tests.decode.measuring import Measure


def decoded(content_type: str, body: bytes | str, how: How | None = None) -> Any:
    """The tree of a body with that Content-Type."""
    raw = body.encode() if isinstance(body, str) else body
    return decode(raw, media_of({"content-type": [content_type]}), how or How())


def refusal(content_type: str, body: bytes | str) -> str:
    """Why a body has no tree: `undecodable` or `bound`, and the reason; "" when it has one."""
    try:
        decoded(content_type, body)
    except UndecodableError as error:
        return f"undecodable {error}"
    except BoundError as error:
        return f"bound {error.reason}"
    return ""


def cheap_refusal(content_type: str, body: bytes | str) -> str:
    """The same, for a body made to be dear: within 300 ms of CPU and 64 MiB of memory."""
    with Measure() as measure:
        reason = refusal(content_type, body)
    if measure.cpu_s >= MAX_CPU_S:  # others use this machine too: their cache misses are not ours
        with Measure() as measure:
            refusal(content_type, body)
    assert measure.cpu_s < MAX_CPU_S
    assert measure.memory_bytes < MAX_MEMORY_BYTES
    return reason


MAX_CPU_S = 0.3
MAX_MEMORY_BYTES = 64 << 20

"""Whether a request is in the sampled share.

Law: monotone in the rate (who is sampled at 10 % is sampled at 20 %) and stable per key.
"""

from hashlib import blake2b

_SCALE = 1 << 64


def draw_of_key(key: bytes) -> float:
    """A uniform draw in [0, 1) that depends on the key alone."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little") / _SCALE


def is_sampled(rate: float, draw: float) -> bool:
    """True for a share `rate` of uniform draws; 0 is nobody, 1 everybody."""
    return draw < rate


class RateLimit:
    """A token bucket of one second's worth; time comes in as an argument."""

    __slots__ = ("_per_s", "_tokens", "_updated_ns")

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._tokens = max(1.0, per_s)
        self._updated_ns = 0

    def take(self, now_ns: int) -> bool:
        """Takes a token, or says that there is none."""
        if self._updated_ns:
            gained = (now_ns - self._updated_ns) * 1e-9 * self._per_s
            self._tokens = min(max(1.0, self._per_s), self._tokens + gained)
        self._updated_ns = now_ns
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

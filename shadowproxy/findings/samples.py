"""Samples of one finding: the latest, and some that stand for all.

Laws: every sample offered is as likely to be kept (algorithm R, Vitter 1985); what is held is
bounded in bytes, not only in number; only what was handed in is held, so the caller redacts first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from shadowproxy.findings.tallies import write_short

MAX_SAMPLE_BYTES: Final = 3 << 10
"""Of one sample as JSON: five differences with their values, and 2,000 findings stay below 40 MiB."""
MAX_RESERVOIR_BYTES: Final = 7 << 10
"""Of all but the latest; nine of the usual 700 bytes."""


class Samples:
    """The samples of one finding, held as JSON: a third of the memory that dicts take."""

    __slots__ = ("_latest", "_reservoir", "offered")

    def __init__(self) -> None:
        self._latest = b""
        self._reservoir: list[bytes] = []
        self.offered = 0
        """How many there were to choose from."""

    @property
    def latest(self) -> dict[str, Any]:
        """The last one offered; empty when there is none."""
        return _decode(self._latest) if self._latest else {}

    def all(self) -> list[dict[str, Any]]:
        """All that are kept, the latest first."""
        older = [each for each in self._reservoir if each != self._latest]
        return [_decode(each) for each in ([self._latest] * bool(self._latest) + older)]

    def offer(self, sample: Mapping[str, Any], draw: float, max_samples: int) -> None:
        """Keeps a redacted sample as the latest and, if the draw (0 <= draw < 1) wills, for longer.

        `max_samples` is of all that are kept. What is no JSON document is not kept.
        """
        encoded = _encode(sample)
        if not encoded:
            return
        self._latest = encoded
        self.offered += 1
        room = max_samples - 1
        if len(self._reservoir) < room:
            self._reservoir.append(encoded)
        elif (place := int(draw * self.offered)) < room:
            self._reservoir[place] = encoded
        self._fit(room)

    def restore(self, kept: Sequence[Mapping[str, Any]], offered: int, max_samples: int) -> None:
        """Takes back what `all` gave, and how many it was chosen from."""
        encoded = [each for each in map(_encode, kept[:max_samples]) if each]
        if encoded:
            self._latest = encoded[0]
            self._reservoir = [*encoded[1:], encoded[0]]
        self.offered = max(offered, len(encoded))
        self._fit(max_samples - 1)

    def absorb(self, samples: "Samples", max_samples: int, are_later: bool) -> None:
        """Takes over another finding's, as many of each as there were to choose from."""
        if (are_later and samples._latest) or not self._latest:
            self._latest = samples._latest
        self.offered += samples.offered
        room = max(0, max_samples - 1)
        if len(self._reservoir) + len(samples._reservoir) > room:
            theirs = round(room * samples.offered / self.offered) if self.offered else 0
            theirs = max(min(theirs, len(samples._reservoir)), room - len(self._reservoir))
            del self._reservoir[room - theirs :]
        else:
            theirs = len(samples._reservoir)
        self._reservoir += samples._reservoir[:theirs]
        self._fit(room)

    def _fit(self, room: int) -> None:
        del self._reservoir[max(room, 0) :]
        while sum(map(len, self._reservoir)) > MAX_RESERVOIR_BYTES:
            del self._reservoir[-1]


def _decode(encoded: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = orjson.loads(encoded)
    return decoded


def _encode(sample: Mapping[str, Any]) -> bytes:
    """As JSON; too large, first with short values, then with fewer differences."""
    encoded = _dump(sample)
    differences = sample.get("differences")
    if len(encoded) <= MAX_SAMPLE_BYTES or not isinstance(differences, list):
        return encoded if len(encoded) <= MAX_SAMPLE_BYTES else b""
    for count in range(len(differences), -1, -1):
        encoded = _dump({**sample, "differences": [_shorten(each) for each in differences[:count]]})
        if len(encoded) <= MAX_SAMPLE_BYTES:
            return encoded
    return b""


def _dump(sample: Mapping[str, Any]) -> bytes:
    """A copy: what orjson returns keeps the buffer it was written in, 10 KiB for 700 bytes."""
    try:
        return bytes(memoryview(orjson.dumps(dict(sample))))
    except TypeError:  # a lone surrogate, a number or a depth that JSON does not have
        return b""


def _shorten(difference: Any) -> Any:
    if not isinstance(difference, dict):
        return difference
    return {
        name: write_short(value) if name in ("legacy", "candidate") else value
        for name, value in difference.items()
    }

"""Short ways to write differences, and legacies that disagree with themselves."""

from collections.abc import Iterable
from typing import Any

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.core.words import Kind
from shadowproxy.noise.known import Located
from shadowproxy.noise.learning import Judgement, Learned

GET = "GET /cart/{id}"
PATH = "/took"
KEY = b"k" * 32


def changed(legacy: Any, candidate: Any, path: str = PATH) -> Located:
    return Located(path, Kind.CHANGED, legacy, candidate)


def learner(**settings: Any) -> Learned:
    return Learned(NoiseSettings(**settings), KEY)


def taught(pairs: Iterable[tuple[Any, Any]], path: str = PATH, **settings: Any) -> Learned:
    """One A/A sample for each (L, L'), each of another request, C always like L."""
    learned = learner(**settings)
    teach(learned, pairs, path)
    return learned


def teach(learned: Learned, pairs: Iterable[tuple[Any, Any]], path: str = PATH) -> None:
    for number, (one, other) in enumerate(pairs):
        learned.sample(GET, f"r{number}", [], [changed(one, other, path)], 0.0)


def judged(learned: Learned, difference: Located, now_s: float = 0.0) -> Judgement:
    return learned.judge(GET, difference, now_s)

"""`--fail-on`: what must not be the case, as people write it.

    mismatch > 0.1 %      NAME OPERATOR VALUE

Law: a text is read as a condition or refused with a sentence that says what would be right; a
condition that no report can meet is refused, for a gate that cannot close is none.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

from shadowproxy.config.quantities import read_duration, read_share

MAX_CHARS: Final = 200
"""Of a condition; the longest sensible one has 40."""


class Name(StrEnum):
    """What a condition can be about."""

    MISMATCH = "mismatch"
    CANDIDATE_FAILED = "candidate_failed"
    INCOMPARABLE = "incomparable"
    NOISE = "noise"
    FINDINGS = "findings"
    NEW = "new"
    ERRORS = "errors"
    ADDED_P99 = "added_p99"
    COVERAGE = "coverage"
    RECORDED = "recorded"
    CONCLUSION = "conclusion"


class Unit(Enum):
    """How its value is written."""

    SHARE = auto()
    COUNT = auto()
    DURATION = auto()
    WORD = auto()


class Operator(StrEnum):
    """How the value is compared with the limit."""

    MORE = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    IS = "=="
    IS_NOT = "!="


class Conclusion(StrEnum):
    """What a report can conclude."""

    GO = "go"
    NO_GO = "no-go"
    NOT_ENOUGH_DATA = "not enough data"


UNITS: Final = {
    Name.MISMATCH: Unit.SHARE,
    Name.CANDIDATE_FAILED: Unit.SHARE,
    Name.INCOMPARABLE: Unit.SHARE,
    Name.NOISE: Unit.SHARE,
    Name.FINDINGS: Unit.COUNT,
    Name.NEW: Unit.COUNT,
    Name.ERRORS: Unit.COUNT,
    Name.ADDED_P99: Unit.DURATION,
    Name.COVERAGE: Unit.SHARE,
    Name.RECORDED: Unit.COUNT,
    Name.CONCLUSION: Unit.WORD,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A limit: shares from 0 to 1, counts, seconds, or a conclusion. `text` is it as written."""

    name: Name
    operator: Operator
    limit: float | Conclusion
    text: str


_FORM: Final = re.compile(r"\s*([A-Za-z][\w.-]*)\s*(>=|<=|==|!=|=|>|<)\s*(.*?)\s*", re.DOTALL)
_EXPECTED: Final = "expected NAME OPERATOR VALUE such as 'mismatch>0.1%'"
_QUOTE: Final = f"{_EXPECTED}; in quotes, for the shell takes < and > for itself"


def read_condition(text: str) -> Condition:
    """The condition.

    Raises:
        ValueError: with a sentence that never repeats the text.
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"{_EXPECTED}, of at most {MAX_CHARS} characters")
    found = _FORM.fullmatch(text)
    if found is None:
        is_bare = re.fullmatch(r"\s*[\w.-]*\s*", text)
        raise ValueError(_QUOTE if is_bare else _EXPECTED)
    name = _read_name(found[1])
    operator = Operator.IS if found[2] == "=" else Operator(found[2])
    limit = _READERS[UNITS[name]](found[3])
    _require_possible(name, operator, limit)
    return Condition(name, operator, limit, " ".join(text.split()))


def _read_name(text: str) -> Name:
    if text in set(Name):
        return Name(text)
    close = difflib.get_close_matches(text.lower().replace("-", "_"), list(Name), 1, 0.6)
    if close:
        raise ValueError(f"unknown name; did you mean {close[0]}?")
    raise ValueError(f"unknown name; known are {', '.join(Name)}")


def _read_share(text: str) -> float:
    return read_share(re.sub(r"\s+%$", "%", text))


def _read_count(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise ValueError("expected a whole number such as 0 or 1000")
    return int(text)


def _read_duration(text: str) -> float:
    return read_duration(re.sub(r"\s+", "", text))


def _read_word(text: str) -> Conclusion:
    plain = " ".join(text.lower().split())
    for word in Conclusion:
        if plain in (word, word.replace(" ", "-")):
            return word
    raise ValueError(f"expected {', '.join(Conclusion)}")


_READERS: Final[dict[Unit, Callable[[str], float | Conclusion]]] = {
    Unit.SHARE: _read_share,
    Unit.COUNT: _read_count,
    Unit.DURATION: _read_duration,
    Unit.WORD: _read_word,
}


def _require_possible(name: Name, operator: Operator, limit: float | Conclusion) -> None:
    if isinstance(limit, Conclusion):
        if operator not in (Operator.IS, Operator.IS_NOT):
            raise ValueError("expected == or !=: a conclusion is a word")
    elif operator is Operator.LESS and limit == 0:
        raise ValueError("nothing is less than that: the condition would never hold")
    elif UNITS[name] is Unit.SHARE and operator is Operator.MORE and limit == 1:
        raise ValueError("no share is more than 1, which is 100%; one in a hundred is 1%")

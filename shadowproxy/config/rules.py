"""The language of rules: what `compare.rules` and `compare.endpoints` hold.

    {path: $..price, numbers: {abs: 0.01}, when: {status: 2xx}, reason: ..., expires: 2027-01-31}

Law: what is accepted here is what the comparer obeys, and a rule that could do nothing is refused.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from shadowproxy.config.leaves import BOOLEAN, duration, refusal, word
from shadowproxy.config.nodes import Scalar
from shadowproxy.config.rule_values import (
    DATE,
    JSON_PATH,
    NAME,
    PROPORTION,
    REGEX,
    REPLACEMENT,
    STATUS,
    TOLERANCE,
    check_replacement,
    switch,
)
from shadowproxy.config.sections import Section
from shadowproxy.config.values import HEADER_NAME, REASON

MAX_RULES: Final = 2_000
"""In all of a file. Services that were migrated needed 5 to 200; a rule takes 1 KiB in the judge, and
the file holds no more anyway (document.MAX_NODES)."""
MAX_REPLACEMENTS: Final = 20
"""Of one rule: each runs over each text that the rule is about."""
MAX_KEYS: Final = 8
"""Members that make the key of an element together; composed keys have two or three."""
MAX_NAMES: Final = 64
"""Parameters of a query that one rule leaves out; tracking parameters are about thirty."""
MAX_STATUSES: Final = 32

NUMBERS: Final = word("value", "strict", "double")
ARRAYS: Final = word("auto", "index", "multiset", "set", "lcs")
_PAIR_EXPECTED: Final = "expected [regular expression, text], or a list of such pairs"


def as_list(value: Any) -> Any:
    """One value, or a list of them."""
    return [value] if isinstance(value, Scalar) else value


def _shape(value: Any) -> str:
    """The tag of a union's alternative, of what was written and of what it became."""
    if isinstance(value, dict | Section):
        return "<mapping>"
    return "<list>" if isinstance(value, list | tuple) else "<word>"


def _word_or(shape: str) -> Discriminator:
    """What is neither is read as the word, whose message says what would be right."""
    return Discriminator(lambda value: shape if _shape(value) == shape else "<word>")


class PartSection(Section):
    """A part of a rule; one that says nothing is a slip of the indentation."""

    @model_validator(mode="after")
    def _says_something(self) -> "PartSection":
        if not self.model_fields_set:
            raise refusal(f"expected at least one of {', '.join(type(self).model_fields)}")
        return self


class ToleranceSection(PartSection):
    """Numbers that may differ by so much."""

    abs: Annotated[str, TOLERANCE] = Field(default="0", description="of the difference")
    rel: Annotated[str, PROPORTION] = Field(default="0", description="of the larger number")


class StringsSection(PartSection):
    """What does not count between two strings."""

    case: Annotated[str, switch("ignore")] = ""
    trim: Annotated[bool, BOOLEAN] = Field(default=False, description="white space around it")
    collapse_ws: Annotated[bool, BOOLEAN] = Field(
        default=False, description="white space as one space"
    )
    unicode: Annotated[str, switch("NFC", "NFD", "NFKC", "NFKD")] = Field(
        default="", description="compared in this normal form"
    )
    eol: Annotated[str, switch("ignore")] = Field(default="", description="CRLF, CR or LF")


class TimeSection(Section):
    """Times that may differ by so much."""

    tolerance: Annotated[float, duration("0s", "365d")]


class KeysSection(Section):
    """How member names compare."""

    case: Annotated[str, switch("ignore")]


class UrlSection(PartSection):
    """Parts of a URL that do not count."""

    ignore_query: Annotated[
        Annotated[
            tuple[Annotated[str, NAME], ...],
            Field(min_length=1, max_length=MAX_NAMES),
            Tag("<list>"),
        ]
        | Annotated[bool, BOOLEAN, Tag("<word>")],
        _word_or("<list>"),
    ] = Field(default=False, description="true: all of it; or a list of parameters")
    ignore_host: Annotated[bool, BOOLEAN] = False


class ArraySection(PartSection):
    """How the elements of two arrays are paired."""

    by: Annotated[str, word("auto", "index", "key", "multiset", "set", "lcs")] = "auto"
    key: Annotated[
        tuple[Annotated[str, NAME], ...],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=MAX_KEYS),
    ] = Field(default=(), description="by: key alone; the member, or members, that tell which")
    order: Annotated[str, word("report", "ignore")] = Field(
        default="", description="if unset: ignored by key and multiset, reported else"
    )

    @model_validator(mode="after")
    def _has_its_key(self) -> "ArraySection":
        if (self.by == "key") != bool(self.key):
            raise refusal("by: key and key: NAME belong together")
        return self


class WhenSection(Section):
    """When a rule holds: legacy's status."""

    status: Annotated[
        tuple[Annotated[str, STATUS], ...],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=MAX_STATUSES),
    ]


class ReplacementSection(Section):
    """What is put in the place of whatever a regular expression finds, on both sides."""

    regex: Annotated[str, REGEX]
    with_: Annotated[str, REPLACEMENT] = Field(alias="with")

    @model_validator(mode="after")
    def _fits(self) -> "ReplacementSection":
        check_replacement(self.regex, self.with_)
        return self


def _check_pair(pair: tuple[str, str]) -> tuple[str, str]:
    check_replacement(*pair)
    return pair


Pair = Annotated[
    tuple[Annotated[str, REGEX], Annotated[str, REPLACEMENT]], AfterValidator(_check_pair)
]


def _shape_of_replacement(value: Any) -> str:
    begins_with_text = _shape(value) == "<list>" and value and _shape(value[0]) == "<word>"
    return ("<pair>" if len(value) == 2 else "<word>") if begins_with_text else _shape(value)


Replacement = Annotated[
    Annotated[ReplacementSection, Tag("<mapping>")] | Annotated[Pair, Tag("<pair>")],
    Discriminator(
        _shape_of_replacement,
        custom_error_type="refused",
        custom_error_message=_PAIR_EXPECTED,
    ),
]


class RuleSection(Section):
    """What to do with differences at and below a path, or in a header field."""

    path: Annotated[str, JSON_PATH] = Field(default="", description="a path into the body")
    header: Annotated[str, HEADER_NAME] = Field(
        default="", description="instead of a path; takes ignore: true or list: unordered"
    )
    ignore: Annotated[bool, BOOLEAN] = Field(default=False, description="all that differs there")
    list_: Annotated[str, word("unordered")] = Field(
        default="", alias="list", description="of a header: its list is a set"
    )
    class_: Annotated[str, word("uuid", "timestamp", "jwt", "hex", "token", "url")] = Field(
        default="", alias="class", description="both values must be one of these"
    )
    numbers: Annotated[
        Annotated[ToleranceSection, Tag("<mapping>")] | Annotated[str, NUMBERS, Tag("<word>")],
        _word_or("<mapping>"),
    ] = Field(default="value", description="how numbers compare, or how far apart they may be")
    strings: StringsSection | None = None
    null: Annotated[str, word("missing")] = Field(default="", description="null is no member")
    empty: Annotated[str, word("missing")] = Field(
        default="", description="an empty text, list or mapping is no member"
    )
    time: TimeSection | None = None
    coerce: Annotated[str, word("string")] = Field(default="", description='1 is "1"')
    keys: KeysSection | None = None
    url: UrlSection | None = None
    embedded: Annotated[str, word("json", "base64+json", "jwt")] = Field(
        default="", description="a text that holds a document is compared as one"
    )
    replace: Annotated[
        Annotated[
            tuple[Replacement, ...],
            Field(min_length=1, max_length=MAX_REPLACEMENTS),
            Tag("<list>"),
        ]
        | Annotated[Pair, Tag("<pair>")],
        Discriminator(
            _shape_of_replacement,
            custom_error_type="refused",
            custom_error_message=_PAIR_EXPECTED,
        ),
    ] = Field(default=(), description="[regex, text], or a list of them; before comparing")
    duplicate_keys: Annotated[str, word("report")] = Field(
        default="", description="a name that an object has twice is a difference"
    )
    array: ArraySection | None = None
    when: WhenSection | None = None
    reason: Annotated[str, REASON] = Field(default="", description="why; shown with its hits")
    expires: Annotated[str, DATE] = Field(default="", description="the last day it holds")

    @model_validator(mode="after")
    def _has_a_place(self) -> "RuleSection":
        if bool(self.path) == bool(self.header):
            raise refusal("expected a path or a header, such as path: $..price or header: X-Age")
        return self

    @model_validator(mode="after")
    def _does_something(self) -> "RuleSection":
        actions = {self._written(name) for name in self.model_fields_set} - _CONDITIONS
        if not actions:
            raise refusal("a rule without an action, such as ignore: true or numbers: {abs: 0.01}")
        if self.header and (actions - {"ignore", "list"} or not (self.ignore or self.list_)):
            raise refusal("a rule for a header has ignore: true or list: unordered, nothing else")
        if self.path and "list" in actions:
            raise refusal("list is about headers; array: {by: set} is about the body")
        return self

    @classmethod
    def _written(cls, name: str) -> str:
        return cls.model_fields[name].alias or name


_CONDITIONS: Final = frozenset({"path", "header", "when", "reason", "expires"})

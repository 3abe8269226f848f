"""The sections `compare`, `noise`, `redact` and `report`."""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag, model_validator

from shadowproxy.config.leaves import (
    BOOLEAN,
    Leaf,
    duration,
    integer,
    plain_text,
    refusal,
    share,
    text,
    word,
)
from shadowproxy.config.nodes import Scalar
from shadowproxy.config.sections import Section
from shadowproxy.config.templates import check_template
from shadowproxy.config.values import HEADER_NAME, REASON

_MEMBER = r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff-]*"
JSON_PATH: Final = text(
    "expected a path such as $.items[*].price ($ .name ['name'] [0] [*] .* ..name ..[*])",
    rf"\$(?:\.\.?(?:{_MEMBER}|\*)|(?:\.\.)?\[(?:\*|[0-9]{{1,9}}|'[^']*'|\"[^\"]*\")\])*",
)


def _read_date(scalar: Scalar) -> str:
    try:
        return date.fromisoformat(scalar.text).isoformat()
    except ValueError:
        raise ValueError("expected a date such as 2027-01-31") from None


DATE: Final = Leaf(
    "expected a date such as 2027-01-31", _read_date, str, {"type": "string", "format": "date"}
)


def _read_any(scalar: Scalar) -> str:
    return plain_text(scalar, "expected a text") if not scalar.plain else scalar.text


ANY: Final = Leaf("expected a single value", _read_any, str, {})


def _read_tolerance(scalar: Scalar) -> str:
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE]-?[0-9]{1,3})?", scalar.text):
        raise ValueError("expected a number from 0 such as 0.01")
    return scalar.text


TOLERANCE: Final = Leaf(
    "expected a number from 0 such as 0.01", _read_tolerance, str, {"type": "number", "minimum": 0}
)
PATTERN_AND_TEXT: Final = 2


def _shape(value: Any) -> str:
    return "<word>" if isinstance(value, Scalar) else "<mapping>"


class ToleranceSection(Section):
    """Numbers that may differ by so much."""

    abs: Annotated[str, TOLERANCE] = "0"
    rel: Annotated[str, TOLERANCE] = "0"


class StringsSection(Section):
    """What does not count between two strings."""

    case: Annotated[str, ANY] = ""
    trim: Annotated[str, ANY] = ""
    collapse_ws: Annotated[str, ANY] = ""
    unicode: Annotated[str, ANY] = ""
    eol: Annotated[str, ANY] = ""


class TimeSection(Section):
    """Times that may differ by so much."""

    tolerance: Annotated[float, duration("0s", "365d")]


class KeysSection(Section):
    """How member names compare."""

    case: Annotated[str, ANY]


class UrlSection(Section):
    """Parts of a URL that do not count."""

    ignore_query: Annotated[bool, BOOLEAN] = False
    ignore_host: Annotated[bool, BOOLEAN] = False


class ArraySection(Section):
    """How the elements of two arrays are paired."""

    by: Annotated[str, word("auto", "index", "key", "multiset", "set", "lcs")] = "auto"
    key: Annotated[str, ANY] = ""
    order: Annotated[str, word("report", "ignore")] = "report"

    @model_validator(mode="after")
    def _has_its_key(self) -> "ArraySection":
        if (self.by == "key") != bool(self.key):
            raise refusal("by: key and key: NAME belong together")
        return self


class WhenSection(Section):
    """When a rule holds."""

    status: Annotated[str, ANY]


NUMBERS: Final = word("value", "strict", "double")
ARRAYS: Final = word("auto", "index", "multiset", "set", "lcs")


class RuleSection(Section):
    """What to do with differences at and below a path."""

    path: Annotated[str, JSON_PATH]
    ignore: Annotated[bool, BOOLEAN] = False
    class_: Annotated[str, word("uuid", "timestamp", "jwt", "hex", "token", "url")] = Field(
        default="", alias="class"
    )
    numbers: Annotated[
        Annotated[ToleranceSection, Tag("<mapping>")] | Annotated[str, NUMBERS, Tag("<word>")],
        Discriminator(_shape),
    ] = "value"
    strings: StringsSection | None = None
    null: Annotated[str, word("missing")] = ""
    empty: Annotated[str, word("missing")] = ""
    time: TimeSection | None = None
    coerce: Annotated[str, word("string")] = ""
    keys: KeysSection | None = None
    url: UrlSection | None = None
    embedded: Annotated[str, word("json", "base64+json", "jwt")] = ""
    replace: tuple[Annotated[str, ANY], ...] = ()
    duplicate_keys: Annotated[str, word("report")] = ""
    array: ArraySection | None = None
    when: WhenSection | None = None
    reason: Annotated[str, REASON] = ""
    expires: Annotated[str, DATE] = ""

    @model_validator(mode="after")
    def _does_something(self) -> "RuleSection":
        if self.replace and len(self.replace) != PATTERN_AND_TEXT:
            raise refusal("replace: expected [regular expression, text]")
        if not self.model_fields_set - {"path", "when", "reason", "expires"}:
            raise refusal("a rule without an action, such as ignore: true or numbers: {abs: 0.01}")
        return self


class DefaultsSection(Section):
    """How values compare where no rule says otherwise."""

    numbers: Annotated[str, NUMBERS] = "value"
    arrays: Annotated[str, ARRAYS] = "auto"


class HeaderRulesSection(Section):
    """Response header fields; exact names, no substrings."""

    ignore: tuple[Annotated[str, HEADER_NAME], ...] = Field(
        default=(), description="besides the defaults"
    )
    lists_unordered: tuple[Annotated[str, HEADER_NAME], ...] = ()


def _read_endpoint(scalar: Scalar) -> str:
    method, separator, path = scalar.text.partition(" ")
    if not separator or not re.fullmatch(r"[A-Z][A-Z0-9_-]*", method):
        raise ValueError("expected an endpoint such as GET /users/{id}")
    check_template(path)
    return scalar.text


ENDPOINT: Final = Leaf(
    "expected an endpoint such as GET /users/{id}",
    _read_endpoint,
    str,
    {"type": "string", "pattern": "^[A-Z][A-Z0-9_-]* /"},
)


class CompareSection(Section):
    """What counts as a difference."""

    defaults: DefaultsSection = DefaultsSection()
    headers: HeaderRulesSection = HeaderRulesSection()
    rules: tuple[RuleSection, ...] = Field(default=(), description="for every endpoint")
    endpoints: dict[Annotated[str, ENDPOINT], tuple[RuleSection, ...]] = Field(
        default={}, description="for METHOD /path/{template}"
    )


class NoiseSection(Section):
    """Learning where legacy disagrees with itself."""

    sample: Annotated[float, share()] = Field(
        default=0.02, description="of safe requests, asked twice"
    )
    source: Annotated[str, word("secondary", "legacy", "off")] = "legacy"


class RedactSection(Section):
    """What never leaves the proxy in the clear, besides the defaults."""

    headers: tuple[Annotated[str, HEADER_NAME], ...] = ()
    members: tuple[
        Annotated[str, text("expected a member name", r"[^\x00-\x1f\x7f]{1,256}")], ...
    ] = ()
    values: Annotated[str, word("keep", "hash", "drop")] = "keep"


STORE: Final = text("expected sqlite:///FILE", r"sqlite:///[^\x00-\x1f\x7f]+")


class ReportSection(Section):
    """The mismatch report's store."""

    store: Annotated[str, STORE] = "sqlite:///shadowproxy.db"
    retention: Annotated[float, duration("1m", "3650d")] = 14 * 86400.0
    max_samples_per_group: Annotated[int, integer(1, 10_000)] = 10

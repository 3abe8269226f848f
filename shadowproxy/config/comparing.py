"""The sections `compare`, `noise`, `redact` and `report`."""

from typing import Annotated, Final

from pydantic import Field

from shadowproxy.config.leaves import duration, integer, number, share, size, text, word
from shadowproxy.config.rule_values import ENDPOINT, GENERAL_PATH, KIND, MESSAGE
from shadowproxy.config.rules import ARRAYS, NUMBERS, RuleSection
from shadowproxy.config.sections import Section
from shadowproxy.config.values import FILE, HEADER_NAME, STORE

MAX_PLACES: Final = 1_000
"""Of noise that is pinned, and of noise that is refused: as many as a person may decide upon."""
MAX_MESSAGES: Final = 1_000
"""Endpoints that answer in protobuf."""


class DefaultsSection(Section):
    """How values compare where no rule says otherwise."""

    numbers: Annotated[str, NUMBERS] = Field(
        default="value",
        description="value: 1 is 1.0; strict: as written; double: as 64-bit floats",
    )
    arrays: Annotated[str, ARRAYS] = Field(
        default="auto", description="how their elements are paired"
    )


class HeaderRulesSection(Section):
    """Response header fields; exact names, no substrings."""

    ignore: tuple[Annotated[str, HEADER_NAME], ...] = Field(
        default=(), description="besides the defaults"
    )
    lists_unordered: tuple[Annotated[str, HEADER_NAME], ...] = ()


class ProtobufSection(Section):
    """Which answers are protobuf messages, and of which type."""

    descriptor_set: Annotated[str, FILE] = Field(
        description="what protoc --include_imports --descriptor_set_out=FILE writes"
    )
    messages: dict[Annotated[str, ENDPOINT], Annotated[str, MESSAGE]] = Field(
        min_length=1,
        max_length=MAX_MESSAGES,
        description="METHOD /path/{template}: full name of the answer's message",
    )


class LatencySection(Section):
    """When the candidate is called slower: more than ratio times legacy plus margin."""

    ratio: Annotated[float, number(1, 100)] = 1.2
    margin: Annotated[float, duration("0s", "1m")] = 0.005
    block: Annotated[float, duration("1s", "1h")] = Field(
        default=10.0, description="both sides' times are compared in blocks of this length"
    )


class RecheckSection(Section):
    """Asking both sides once more for a mismatch on a safe request."""

    per_minute: Annotated[int, integer(0, 6_000)] = Field(default=5, description="0: never")


class CompareSection(Section):
    """What counts as a difference."""

    defaults: DefaultsSection = DefaultsSection()
    headers: HeaderRulesSection = HeaderRulesSection()
    rules: tuple[RuleSection, ...] = Field(
        default=(), description="for every endpoint; the nearest to a difference wins"
    )
    endpoints: dict[Annotated[str, ENDPOINT], tuple[RuleSection, ...]] = Field(
        default={}, description="for METHOD /path/{template}; before the rules for all"
    )
    openapi: Annotated[str, FILE] = Field(
        default="", description="an API description whose paths name the endpoints"
    )
    protobuf: ProtobufSection | None = None
    latency: LatencySection = LatencySection()
    recheck: RecheckSection = RecheckSection()


class PlaceSection(Section):
    """One kind of difference at one place, as a finding names it."""

    endpoint: Annotated[str, ENDPOINT]
    path: Annotated[str, GENERAL_PATH]
    kind: Annotated[str, KIND]


class NoiseSection(Section):
    """Learning where legacy disagrees with itself."""

    sample: Annotated[float, share()] = Field(
        default=0.02, description="of safe requests, asked twice"
    )
    source: Annotated[str, word("auto", "secondary", "legacy", "off")] = Field(
        default="auto",
        description="whom the second time; auto: secondary if there is one, else legacy",
    )
    alpha: Annotated[float, share("0.01%", "50%")] = Field(
        default=0.05, description="the probability that any claim of a regression is a false alarm"
    )
    expire: Annotated[float, duration("1m", "365d")] = Field(
        default=7 * 86400.0, description="without another difference noise is forgotten"
    )
    pinned: tuple[PlaceSection, ...] = Field(
        default=(), max_length=MAX_PLACES, description="always noise"
    )
    refused: tuple[PlaceSection, ...] = Field(
        default=(), max_length=MAX_PLACES, description="never noise"
    )


class RedactSection(Section):
    """What never leaves the proxy in the clear, besides the defaults."""

    headers: tuple[Annotated[str, HEADER_NAME], ...] = ()
    members: tuple[
        Annotated[str, text("expected a member name", r"[^\x00-\x1f\x7f]{1,256}")], ...
    ] = ()
    values: Annotated[str, word("keep", "hash", "drop")] = Field(
        default="keep", description="all others: as they are, as keyed hashes, or not at all"
    )


class ReportSection(Section):
    """The mismatch report: where it is kept, how much of it, and what it asks of the candidate."""

    store: Annotated[str, STORE] = Field(
        default="sqlite:///shadowproxy.db",
        description="a file (relative: to where the proxy is started) or a PostgreSQL database",
    )
    retention: Annotated[float, duration("1m", "3650d")] = Field(
        default=14 * 86400.0, description="what was not seen for longer is deleted"
    )
    max_size: Annotated[int, size("16MiB", "1TiB")] = Field(
        default=1 << 30, description="of the store; what is oldest goes first"
    )
    max_samples_per_group: Annotated[int, integer(1, 10_000)] = 10
    max_mismatch: Annotated[float, share("0.001%", "50%")] = Field(
        default=0.001, description="share of answers that may differ for the report to say go"
    )

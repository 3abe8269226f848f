"""The closed vocabularies: each member's value is the label, the log field and the page's word."""

from enum import StrEnum


class Backend(StrEnum):
    """Who answers: the user's service, the one on trial, a second copy of the first."""

    LEGACY = "legacy"
    CANDIDATE = "candidate"
    SECONDARY = "secondary"


class FailureKind(StrEnum):
    """Why an observation has no usable response."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    RESET = "reset"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"


class Verdict(StrEnum):
    """What comparing one exchange came to."""

    MATCH = "match"
    NOISE = "noise"
    MISMATCH = "mismatch"
    CANDIDATE_FAILED = "candidate_failed"
    LEGACY_FAILED = "legacy_failed"
    BOTH_FAILED = "both_failed"
    INCOMPARABLE = "incomparable"


class Kind(StrEnum):
    """How two answers disagree at one place."""

    CHANGED = "changed"
    TYPE = "type"
    REMOVED = "removed"
    ADDED = "added"
    ORDER = "order"
    DUPLICATE_KEY = "duplicate_key"
    INVALID = "invalid"
    RAW = "raw"
    EMPTY = "empty"
    MEDIA = "media"
    STATUS = "status"


class Refusal(StrEnum):
    """Why the proxy itself answered a request with an error instead of asking legacy."""

    BAD_REQUEST_LINE = "bad_request_line"
    BAD_TARGET = "bad_target"
    BAD_FIELD = "bad_field"
    BAD_HOST = "bad_host"
    BAD_FRAMING = "bad_framing"
    BAD_CHUNK = "bad_chunk"
    BAD_UPGRADE = "bad_upgrade"
    BAD_EXPECT = "bad_expect"
    UNKNOWN_CODING = "unknown_coding"
    VERSION = "version"
    HEAD_TOO_LARGE = "head_too_large"
    TOO_MANY_FIELDS = "too_many_fields"
    HEADER_TIMEOUT = "header_timeout"
    BODY_TIMEOUT = "body_timeout"
    OVERLOAD = "overload"
    INTERNAL = "internal"

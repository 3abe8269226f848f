"""What looks like a secret: names that say so, and texts that are one.

Law: in doubt it is one. A name or number that is hidden without need costs a reader a moment.
"""

import re
from typing import Final

_NAME: Final = re.compile(
    r"passw|passphrase|pwd|secret|token|apikey|authorization|ssn(?!ame)|card|cvv|cvc|iban"
    r"|credential|privatekey|sessionid"
)
"""Searched in the name without case and punctuation: `api-key`, `X_Api_Key` and `apiKey` alike.
`ssn(?!ame)`: or every `className` would be hidden."""
_PUNCTUATION: Final = re.compile(r"[\W_]+")

_PAIR: Final = re.compile(
    r"""(?ix) ( (?: passw | passphrase | pwd | secret | token | api[ _-]?key | authorization | ssn
        | card | cvv | cvc | iban | credential | private[ _-]?key | session[ _-]?id )
        [\w.-]{0,40} ["']? \s{0,9} [=:] \s{0,9} )
        (?! \[redacted\] )
        ( "[^"]*"? | '[^']*'? | (?:bearer|basic|digest)\s+[^\s"'&,;<>]+ | [^\s"'&,;<>}]+ )"""
)
"""`name=value`, `name: value` and `"name": "value"` inside a text."""
_CREDENTIALS: Final = re.compile(r"(?i)(bearer|basic)\s+[\w~+/.=-]{6,}")
_JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.?[\w-]*")
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)", re.DOTALL
)
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@?#]{1,200}@")
_DIGIT_RUN: Final = re.compile(r"[0-9]{3,}(?:[ -][0-9]{3,})*")
"""Groups as cards are printed: 4-4-4-4, 4-6-5, 4-4-4-4-3, or all in one."""

MAX_TURNS: Final = 8
"""Two are enough for every text but those that were made to need more."""

CARD: Final = "[card]"
REDACTED: Final = "[redacted]"


def is_secret_name(name: str) -> bool:
    """The default expression: what a member, parameter or field of this name holds is hidden."""
    return _NAME.search(_PUNCTUATION.sub("", name).lower()) is not None


_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL, which a text in PostgreSQL cannot have, and half a surrogate pair, which UTF-8 cannot."""


def hide_in_text(text: str) -> str:
    """The text without credentials, keys, named secrets and card numbers; idempotent.

    What JSON can carry and not every store can is shown as its escape. What one expression hides may
    bring what another looks for next to each other, so they take turns until nothing changes.
    """
    text = _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    for _ in range(MAX_TURNS):
        hidden = _hide_once(text)
        if hidden == text:
            return text
        text = hidden
    return REDACTED


def _hide_once(text: str) -> str:
    text = _PEM.sub(REDACTED, text)
    text = _PAIR.sub(lambda found: found[1] + REDACTED, text)
    text = _CREDENTIALS.sub(lambda found: f"{found[1]} {REDACTED}", text)
    text = _JWT.sub(REDACTED, text)
    text = _USERINFO.sub(f"{REDACTED}@", text)
    return _DIGIT_RUN.sub(_hide_cards, text)


def _hide_cards(found: re.Match[str]) -> str:
    """Hides every stretch of whole digit groups in a run that is a card number."""
    run = found[0]
    groups = run.replace("-", " ").split(" ")
    shown, at, first, start = "", 0, 0, 0
    while first < len(groups):
        last = _card_from(groups, first)
        if last is None:
            start += len(groups[first]) + 1
            first += 1
            continue
        shown += run[at:start] + CARD
        start += sum(len(group) + 1 for group in groups[first : last + 1])
        at = start - 1
        first = last + 1
    return shown + run[at:]


def _card_from(groups: list[str], first: int) -> int | None:
    """The last group of a card number that begins with this one."""
    digits = ""
    for last in range(first, min(first + 7, len(groups))):  # of three digits at least, 19 in all
        digits += groups[last]
        if len(digits) > 19:
            return None
        if len(digits) >= 13 and is_card_number(digits):
            return last
    return None


def is_card_number(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1)."""
    plain = digits.encode()
    total = sum(plain[::-2]) + sum(plain[-2::-2].translate(_DOUBLED)) - len(plain) * ord("0")
    return total % 10 == 0


_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""The digit sum of twice the digit."""

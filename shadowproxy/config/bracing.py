"""Lets `${VAR}` and `/users/{id}` stand unquoted inside YAML's `{...}` and `[...]`.

    routes: [{name: user, path: /users/{id}}]      admin: {token: ${ADMIN_TOKEN:-}}

YAML reserves braces there, so both would be syntax errors, and people write them. Before parsing,
every character of such an expression is moved into Unicode's private use area, which YAML takes
for letters; afterwards it is moved back. Lengths stay, so positions do. Nothing that was valid
YAML changes its meaning: outside of flow collections the same characters were text already.
"""

import re
from typing import Final

_SHIFT: Final = 0xE000
_BRACED = re.compile(r"""\$\{[^{}\n"'\\]*\}|(?<=/)\{[A-Za-z0-9_-]+\}""")
_TO_PRIVATE = {code: code + _SHIFT for code in range(0x20, 0x7F)}
_FROM_PRIVATE = {private: code for code, private in _TO_PRIVATE.items()}
PRIVATE: Final = f"{chr(_SHIFT + 0x20)}-{chr(_SHIFT + 0x7E)}"
"""As a range inside a character class: what a text must not hold before `protect`."""


def protect(text: str) -> str:
    """The text as YAML can read it."""
    return _BRACED.sub(lambda match: match[0].translate(_TO_PRIVATE), text)


def restore(text: str) -> str:
    """What was written."""
    return text.translate(_FROM_PRIVATE)

"""The file that `init` writes."""

import re
from pathlib import Path

from shadowproxy.config.starter import starter_text
from shadowproxy.config.validating import all_keys
from tests.config.files import load_text, mistakes

_EXAMPLES = {
    "legacy.tls", "legacy.tls.ca", "tls.cert", "tls.key", "legacy.tls.server_name",
    "legacy.tls.verify", "compare.openapi", "compare.protobuf.descriptor_set",
}  # fmt: skip


def uncommented() -> str:
    """The starter with every commented setting in force."""
    lines = []
    for line in starter_text().partition("\nlisten:")[2].splitlines():
        if re.match(r"#  |# *[a-z_]+:", line):
            line = line[2:] if re.match(r"# (  )*[a-z_]+:", line) else line[1:]
        lines.append(line)
    return "listen:" + "\n".join(lines).replace("routes: []", "routes:")


def test_it_is_valid_as_it_is(tmp_path: Path) -> None:
    """And everything in it is in force."""
    assert load_text(tmp_path, starter_text()).warnings == ()


def test_what_it_shows_commented_out_is_valid_too(tmp_path: Path) -> None:
    """But for the files that are only examples."""
    found = mistakes(tmp_path, uncommented())
    assert {mistake.split(": ")[1] for mistake in found} <= _EXAMPLES


def test_commented_values_are_the_defaults(tmp_path: Path) -> None:
    """`# idle_timeout: 75s` says what holds without it."""
    text = re.sub(
        r"(?m)^.*(tls: \{|openapi:|protobuf:|descriptor_set:|messages:).*\n", "", uncommented()
    )
    text = re.sub(r"(?m)^secondary:.*\n.*\n", "", text)
    shown = load_text(tmp_path, text).settings
    bare = load_text(tmp_path, starter_text()).settings
    for name in ("legacy", "limits", "guard", "log", "forwarded", "workers", "admin", "listen",
                 "noise", "latency", "recheck"):  # fmt: skip
        assert getattr(shown, name) == getattr(bare, name), name
    for name in ("sample", "methods", "max_rps", "max_in_flight", "max_body_bytes",
                 "max_memory_bytes", "timeout_s"):  # fmt: skip
        assert getattr(shown.shadow, name) == getattr(bare.shadow, name), name
    for name in ("numbers", "arrays", "templates", "descriptors", "messages"):
        assert getattr(shown.compare, name) == getattr(bare.compare, name), name
    assert shown.redact.values == bare.redact.values


def test_it_shows_every_key_of_what_the_judge_obeys() -> None:
    """Actions of rules, what can be learned, what is hidden: found where people look first."""
    text = starter_text()
    keys = [key for key in all_keys() if key.startswith(("compare.", "noise.", "redact."))]
    unseen = {key for key in keys if not re.search(rf"\b{key.rpartition('.')[2]}: ?", text)}
    assert unseen == set()

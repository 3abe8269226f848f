"""What a running proxy takes on, and what waits for a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from shadowproxy.config import (
    ConfigError,
    Invocation,
    next_generation,
    read_invocation,
    restart_needed,
    write_invocation,
)
from shadowproxy.config.loading import load_invocation
from shadowproxy.core.cells import MAX_ROUTES
from shadowproxy.core.settings import ListenSettings, TlsSettings
from tests.config.files import BOTH, load_text


def test_everything_else_is_taken_on(tmp_path: Path) -> None:
    """The new generation has the new values, and nothing waits."""
    old = load_text(tmp_path, BOTH).settings
    text = BOTH.replace("9001", "9003") + "shadow: {sample: 1%}\nadmin: {token: x}\n"
    new = load_text(tmp_path, text, previous=old).settings
    assert restart_needed(old, new) == []
    assert next_generation(old, new) == replace(new, generation=2)


def test_what_was_made_once_keeps_its_running_value(tmp_path: Path) -> None:
    """Listeners, workers, the admin's address and whether there is TLS; the rest changes."""
    old = load_text(tmp_path, BOTH).settings
    new = replace(
        old,
        listen=(ListenSettings("127.0.0.1", 1),),
        workers=old.workers + 1,
        tls=TlsSettings("a", "b"),
        admin=replace(old.admin, listen=ListenSettings("127.0.0.1", 2), token="x"),
        report=replace(old.report, store="sqlite:////elsewhere", retention_s=60.0),
        forwarded="off",
    )
    assert restart_needed(old, new) == ["listen", "workers", "admin.listen", "report.store", "tls"]
    applied = next_generation(old, new)
    assert restart_needed(old, applied) == []
    assert (applied.forwarded, applied.admin.token, applied.generation) == ("off", "x", 2)
    assert (applied.report.store, applied.report.retention_s) == (old.report.store, 60.0)


def test_another_certificate_needs_no_restart(tmp_path: Path) -> None:
    """Only turning TLS on or off does."""
    old = replace(load_text(tmp_path, BOTH).settings, tls=TlsSettings("a", "b"))
    new = replace(old, tls=TlsSettings("c", "d"))
    assert restart_needed(old, new) == []
    assert next_generation(old, new).tls == TlsSettings("c", "d")
    off = next_generation(old, replace(old, tls=None))
    assert off.tls == TlsSettings("a", "b")


def test_a_reload_repeats_the_start(tmp_path: Path) -> None:
    """File, overrides, flags and --allow-same; slots are those of the running settings."""
    file = tmp_path / "proxy.yaml"
    file.write_text("candidate: {url: http://a:1}\nroutes: [{name: x, path: /x}]\n")
    invocation = Invocation(
        str(file), ("shadow.sample=5%",), {"--legacy": "http://a:1"}, allow_same=True
    )
    write_invocation(tmp_path, invocation)
    assert read_invocation(tmp_path) == invocation
    first = load_invocation(read_invocation(tmp_path), {}).settings
    file.write_text(
        "candidate: {url: http://a:1}\nroutes: [{name: y, path: /y}, {name: x, path: /x}]\n"
    )
    second = load_invocation(read_invocation(tmp_path), {}, first).settings
    assert (first.shadow.sample, first.legacy.host) == (0.05, "a")
    assert [(route.name, route.slot) for route in second.routes] == [("y", 2), ("x", 1)]


def test_too_many_route_names_over_time_are_refused(tmp_path: Path) -> None:
    """With what to do about it."""

    def text(first: int, last: int) -> str:
        routes = [f"  - {{name: r{n}, path: /r{n}}}\n" for n in range(first, last)]
        return BOTH + "routes:\n" + "".join(routes)

    old = load_text(tmp_path, text(0, MAX_ROUTES - 1)).settings
    with pytest.raises(ConfigError, match=r"no place is left in the tallies for r255 until"):
        load_text(tmp_path, text(255, 256), previous=old)

"""`shadowproxy run`: everything up to the moment where this process becomes the supervisor.

    load ─► folder (locked) ─► addresses free? ─► settings.json, dials, run.json ─► exec

Law: until everything is validated nothing is written, and nothing that runs is disturbed: a folder
that another supervisor works in is left alone.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

import shadowproxy
from shadowproxy.cli.ending import Ending
from shadowproxy.cli.folders import Folder, open_folder
from shadowproxy.cli.options import absolute
from shadowproxy.config import Invocation, write_invocation
from shadowproxy.config.addresses import print_listen, print_url
from shadowproxy.config.escaping import printable
from shadowproxy.config.loaded import Loaded
from shadowproxy.config.loading import STDIN, load_invocation
from shadowproxy.config.overrides import ENV_PREFIX
from shadowproxy.config.quantities import print_share
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import write_atomically, write_settings

USAGE: Final = """\
There is nothing to run yet: say where the service is, and where the candidate.

  shadowproxy run --legacy http://127.0.0.1:9001 --candidate http://127.0.0.1:9002
  shadowproxy run -c shadowproxy.yaml        # shadowproxy init -o shadowproxy.yaml writes one
  shadowproxy demo                           # both of them, made up, with traffic"""


def run_proxy(invocation: Invocation, runtime_dir: str | None) -> NoReturn:
    """Becomes the supervisor of a new proxy.

    Raises:
        ConfigError, Ending: it cannot be started; nothing was.
    """
    if not (invocation.config_path or invocation.flags or invocation.overrides or _is_in_environ()):
        raise Ending(USAGE, 2)
    if invocation.config_path == STDIN:
        raise Ending("run needs a file by its name: it is read again at every reload", 2)
    signal.signal(signal.SIGTERM, _end_tidily)
    loaded = load_invocation(invocation)
    with open_folder(runtime_dir) as folder:
        if folder.previous is not None:
            loaded = load_invocation(invocation, previous=folder.previous)
        settings = replace(loaded.settings, generation=folder.next_generation)
        _require_free_addresses(folder, settings)
        _write(folder, settings, invocation, loaded)
        _say_start(loaded, invocation.config_path)
        folder.keep()
    _become_supervisor(folder.path)


def _end_tidily(*_: object) -> NoReturn:
    """Asked to stop before there is a supervisor: what was made is removed on the way out."""
    raise SystemExit(128 + signal.SIGTERM)


def _is_in_environ() -> bool:
    return any(name.startswith(ENV_PREFIX) for name in os.environ)


def _require_free_addresses(folder: Folder, settings: Settings) -> None:
    """Tries to listen for a moment, unless a proxy that lost its supervisor is to be replaced."""
    from shadowproxy.runtime import orphans
    from shadowproxy.runtime.listening import CannotListenError, open_listeners

    if orphans.find(folder.path, settings):
        return
    try:
        open_listeners(replace(settings, workers=1)).close()
    except CannotListenError as error:
        raise Ending(f"cannot listen on {printable(str(error))}", 2) from None


def _write(folder: Folder, settings: Settings, invocation: Invocation, loaded: Loaded) -> None:
    path = invocation.config_path
    kept = replace(
        invocation,
        config_path=absolute(path) if path else None,
        remove=folder.is_temporary,
        sources=loaded.sources,
        content_hash=loaded.content_hash,
    )
    try:
        write_settings(folder.path, settings)
        write_invocation(folder.path, kept)
        write_atomically(folder.path / "store.json", b'{"state": "starting"}')
        Dials(folder.path).publish_generation(settings.generation)
    except OSError as error:
        name = printable(str(folder.path))
        raise Ending(f"cannot write to {name}: {error.strerror}", 2) from None


def _say_start(loaded: Loaded, path: str | None) -> None:
    """One line for people on a terminal; events for whoever reads the log."""
    from shadowproxy.runtime.events import Events

    settings = loaded.settings
    if sys.stderr.isatty():
        sys.stderr.write(f"{_summary(settings)}\n")
        sys.stderr.flush()
    events = Events("run", settings.log)
    events.say("starting", version=shadowproxy.__version__, config=printable(path or "none"))
    for warning in loaded.warnings:
        events.say("config_warning", "warning", message=warning)
    events.flush(1)


def _summary(settings: Settings) -> str:
    users = ", ".join(print_listen(listen) for listen in settings.listen)
    parts = [f"users: {users} -> {print_url(settings.legacy)}"]
    if settings.candidate is not None:
        share = print_share(settings.shadow.sample if settings.shadow.enabled else 0.0)
        parts.append(f"copies ({share}) -> {print_url(settings.candidate)}")
    scheme = "" if settings.admin.listen.unix else "http://"
    parts.append(f"admin: {scheme}{print_listen(settings.admin.listen)}")
    return "shadowproxy  " + "  |  ".join(map(printable, parts))


def _become_supervisor(folder: Path) -> NoReturn:
    flags = [] if _is_beside_the_package() else ["-P"]
    module = "shadowproxy.runtime.supervisor"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *flags, "-m", module, str(folder)])  # noqa: S606


def _is_beside_the_package() -> bool:
    """Found by the folder we run in alone (a source tree): then our successor needs it too.

    Otherwise that folder is kept out of the module path: what lies in it must not be imported.
    """
    if sys.flags.safe_path or not sys.path:
        return False
    root = Path(shadowproxy.__file__).resolve().parent.parent
    return Path(sys.path[0] or ".").resolve() == root

"""Where files are to be written: what can be told of it before they are."""

import os
from pathlib import Path

from shadowproxy.config.examining import Examination
from shadowproxy.config.stores import SQLITE, absolute


def store_has_a_place(found: Examination) -> None:
    """Warns where the report's file cannot be written: the file may be checked on another machine."""
    if not found.is_sound("report", "store"):
        return
    store = absolute(found.file.report.store, Path.cwd())
    if not store.startswith(SQLITE):
        return
    path, key = Path(store.removeprefix(SQLITE)), ("report", "store")
    if path.is_dir():
        found.warn(key, "is a folder here, not a file: nothing would be kept")
    elif not path.parent.is_dir():
        found.warn(key, "its folder does not exist here: nothing would be kept")
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        found.warn(key, "cannot be written by this user: nothing would be kept")

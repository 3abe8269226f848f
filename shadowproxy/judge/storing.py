"""What judge tells of its store: to the log when that changes, to control once a second.

store.json   how the store is, for control
"""

import contextlib
from dataclasses import asdict

import orjson

from shadowproxy import logs
from shadowproxy.core.cells import GLOBAL
from shadowproxy.ipc.process import Process, write_atomically
from shadowproxy.report.keeping import StoreStanding
from shadowproxy.report.opening import OFF, OK, STARTING, STORE_FILE

_log = logs.get("judge")


def tell_of(told: StoreStanding, now: StoreStanding, process: Process) -> StoreStanding:
    """Tells what is new since `told`; what was told now."""
    cells = process.tallies.cells
    cells[GLOBAL["store_flushes/ok"]] += now.flushes - told.flushes
    cells[GLOBAL["store_flushes/failed"]] += now.failures - told.failures
    cells[GLOBAL["store_rows_lost"]] += now.rows_lost - told.rows_lost
    process.tallies.set("store_up", int(now.state == OK))
    process.tallies.set("store_bytes", now.size_bytes)
    if now.state != told.state and now.state != OFF:
        if now.state == OK and told.state == STARTING:
            _log.debug("store_opened")
        elif now.state == OK:
            _log.info("store_resumed", rows_lost=now.rows_lost)
        else:
            _log.error("store_failed", state=now.state, error=now.error)
    if now != told:
        with contextlib.suppress(OSError):
            write_atomically(process.runtime_dir / STORE_FILE, orjson.dumps(asdict(now)))
    return now

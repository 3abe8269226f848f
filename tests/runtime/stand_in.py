"""A process as the supervisor sees one: beats its heart, takes signals, serves its sockets.

Run as a program. `behaviour.json` in the runtime folder may say, by process name, what it does
instead: `exit` at once, `hang` without beating, `stay` in spite of SIGTERM.
"""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

from shadowproxy.ipc.process import Process, write_atomically

BEAT_S = 0.02


def main(role: str, slot: str, folder: str, *fds: str) -> None:
    process = Process(Path(folder), role, int(slot))
    behaviour = read(process.runtime_dir / "behaviour.json").get(process.name)
    if behaviour == "exit":
        sys.exit(3)
    signalled: list[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: signalled.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    sockets = [socket.socket(fileno=int(fd)) for fd in fds]
    while signal.SIGTERM not in signalled or behaviour == "stay":
        if behaviour != "hang":
            process.beat()
        serve(sockets, process)
        if signalled:
            names = [signal.Signals(number).name for number in signalled]
            write_atomically(
                process.runtime_dir / f"{process.name}.signals", json.dumps(names).encode()
            )


def serve(sockets: list[socket.socket], process: Process) -> None:
    """Answers every connection that waits with name and pid of this process."""
    for listener in select.select(sockets, [], [], BEAT_S)[0]:
        listener.setblocking(False)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        connection.sendall(f"{process.name} {os.getpid()}".encode())
        connection.close()


def read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The supervisor: starts the processes, restarts those that end, owns the listening sockets.

    start ─► edges, shadow, judge, control ─► watch ─SIGTERM─► drain the edges ─► stop the others
                                              ▲   │
                                              └───┘ a process ended or hangs: restart, with back-off

Laws: standard library only, no event loop, and nothing that a user or a backend sent is ever read
here, so there is little that could end it. It waits in one `select` for signals and the next due
time. Nothing it does can block: its log lines go through `ipc.lines`.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import read_settings, write_atomically
from shadowproxy.runtime import children, folder, starting
from shadowproxy.runtime.children import Child, Command
from shadowproxy.runtime.events import Events
from shadowproxy.runtime.heartbeats import HUNG_LOOKS, LOOK_S
from shadowproxy.runtime.listening import CannotListenError, open_listeners
from shadowproxy.runtime.signals import Signals
from shadowproxy.runtime.stopping import Stopping


class Supervisor:
    """The processes of one runtime folder, from the first start to the last end."""

    def __init__(
        self,
        runtime_dir: Path,
        settings: Settings,
        events: Events,
        signals: Signals,
        command: Command,
    ) -> None:
        """Takes over whatever an earlier supervisor left, and opens the sockets.

        Raises:
            AlreadySupervisedError, CannotListenError: nothing has been started.
        """
        self._signals = signals
        self._runtime_dir = runtime_dir
        self._settings = settings
        self._events = events
        self._command = command
        self._lock = folder.lock(runtime_dir)
        self._orphans = starting.end_orphans(runtime_dir, settings, events)
        self._listeners = open_listeners(settings, may_share=bool(self._orphans))
        self._dials = starting.prepare_dials(runtime_dir, settings)
        self._children = starting.slots(self._listeners)
        self._stopping: Stopping | None = None
        self._is_forced = False
        self._next_look_s = time.monotonic() + LOOK_S

    def run(self) -> int:
        """Runs until everything has been stopped; returns the exit code."""
        addresses = self._listeners.addresses()
        self._write("listening.json", addresses)
        self._events.say("listening", listen=addresses["listen"], admin=addresses["admin"])
        while not self._is_over():
            if self._stopping is None:
                self._start_due()
                self._look()
            self._wait()
            self._reap()
        self._listeners.close()
        killed = self._stopping.killed if self._stopping else []
        self._events.say("stopped", killed=killed, forced=self._is_forced)
        return int(self._is_forced)

    def _is_over(self) -> bool:
        return self._stopping is not None and self._stopping.advance(time.monotonic())

    def _wait(self) -> None:
        """Sleeps until the next signal or due time, and acts on the signals."""
        if self._stopping is None:
            due = [child.due_s for child in self._children if child.due_s is not None]
            wake_s = min([self._next_look_s, *due])
        else:
            wake_s = self._stopping.due_s
        for number in self._signals.wait(wake_s - time.monotonic()):
            if number in (signal.SIGTERM, signal.SIGINT):
                self._stop(number)
            elif number == signal.SIGHUP:
                self._children[-1].signal(signal.SIGHUP)

    def _start_due(self) -> None:
        now_s = time.monotonic()
        due = [child for child in self._children if child.due_s is not None]
        for child in due:
            if child.due_s is not None and child.due_s <= now_s:
                self._start(child)
        if any(child.pid for child in due):
            self._write_processes()

    def _start(self, child: Child) -> None:
        try:
            child.start(self._runtime_dir, self._command)
        except OSError as error:
            self._ended(child, f"not started: {error.strerror}")
            return
        if child.ending:
            child.restarts += 1
            self._events.say(
                "process_restarted",
                "warning",
                process=child.name,
                pid=child.pid,
                exit=child.ending,
                restarts=child.restarts,
                backoff_ms=round(child.pause_s * 1000),
            )

    def _reap(self) -> None:
        """Notes every process that has ended; as process 1 of a container, adopted ones too."""
        by_pid = {child.pid: child for child in self._children if child.pid}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if (child := by_pid.get(pid)) is not None:
                self._ended(child, _ending(status))

    def _ended(self, child: Child, ending: str) -> None:
        child.ended(ending)
        if self._stopping is not None:
            child.due_s = None
        elif child.backoff.is_futile:
            self._events.say(
                "process_cannot_start",
                "error",
                process=child.name,
                exit=ending,
                starts=child.backoff.futile,
                hint="what it printed above says why; trying on, every 5 s",
            )
        self._write_processes()

    def _look(self) -> None:
        """Once a second: hung processes, a new generation, orphans that can go."""
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        for child in self._children:
            if child.is_hung(self._runtime_dir):
                silent_s = HUNG_LOOKS * LOOK_S
                self._events.say(
                    "process_hung", "error", process=child.name, pid=child.pid, silent_s=silent_s
                )
                child.signal(signal.SIGKILL)
        self._follow_settings()
        self._retire_orphans()

    def _follow_settings(self) -> None:
        if self._dials.generation != self._settings.generation:
            with suppress(OSError, ValueError, TypeError):
                self._settings = read_settings(self._runtime_dir)
                self._events.configure(self._settings.log)

    def _retire_orphans(self) -> None:
        """Drains the edges of a supervisor that died once ours have taken over."""
        edges = [child for child in self._children if child.role == "edge"]
        if self._orphans and all(child.has_beaten(self._runtime_dir) for child in edges):
            for orphan in self._orphans:
                orphan.signal(signal.SIGTERM)
            for left in {orphan.runtime_dir for orphan in self._orphans}:
                folder.remove(left)
            self._orphans = []

    def _stop(self, number: signal.Signals) -> None:
        """The first time: drain. The second time: now."""
        if self._stopping is None:
            limits = self._settings.limits
            drain_s = limits.drain_delay_s + limits.drain_timeout_s + 1
            self._events.say("draining", signal=number.name, at_most_s=drain_s)
            self._dials.start_draining()
            for child in self._children:
                child.due_s = None
            self._stopping = Stopping(self._children, drain_s, time.monotonic())
            self._listeners.close_edges()
        else:
            self._is_forced = True
            self._stopping.kill_all(time.monotonic())

    def _write_processes(self) -> None:
        self._write("processes.json", [child.state() for child in self._children])

    def _write(self, name: str, document: object) -> None:
        try:
            write_atomically(self._runtime_dir / name, json.dumps(document).encode())
        except OSError as error:
            self._events.say("cannot_write", "error", file=name, error=error.strerror)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return str(os.waitstatus_to_exitcode(status))


def main(runtime_dir: Path, command: Command = children.command) -> int:
    """Supervises until stopped; 1 when it could not start or had to kill."""
    settings = read_settings(runtime_dir)
    events = Events("supervisor", settings.log)
    try:
        with Signals([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]) as signals:
            exit_code = Supervisor(runtime_dir, settings, events, signals, command).run()
    except folder.AlreadySupervisedError as error:
        events.say("cannot_start", "error", error=f"another supervisor works in {error}")
        events.flush(1)
        return 1
    except CannotListenError as error:
        events.say("cannot_start", "error", error=f"cannot listen on {error}")
        exit_code = 1
    events.flush(1)
    if folder.is_temporary(runtime_dir):
        folder.remove(runtime_dir)
    return exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

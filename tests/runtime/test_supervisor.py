"""The supervisor over stand-ins: real processes, real signals, real sockets."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shadowproxy.core.settings import AdminSettings, LimitSettings, ListenSettings, ShadowSettings
from shadowproxy.ipc.dials import Dials
from tests.runtime.supervised import ask, free_port, is_alive, supervised, tiny
from tests.support.waiting import until

pytestmark = pytest.mark.slow

NAMES = ["edge-0", "edge-1", "shadow", "judge", "control"]


async def test_all_processes_run_in_the_order_of_users_first(tmp_path: Path) -> None:
    """Each slot has a live process, and processes.json tells which."""
    async with supervised(tmp_path / "run", tiny()) as running:
        await running.is_up()
        assert list(running.processes()) == NAMES
        assert all(is_alive(running.pid(name)) for name in NAMES)
        assert all(process["restarts"] == 0 for process in running.processes().values())
        pids = [running.pid(name) for name in NAMES]
        assert pids == sorted(pids)


@pytest.mark.parametrize("name", NAMES)
async def test_a_killed_process_is_replaced_at_once(tmp_path: Path, name: str) -> None:
    """`kill -9`, and a new process has the slot, without a pause before the first restart."""
    async with supervised(tmp_path / "run", tiny()) as running:
        await running.is_up()
        killed = running.pid(name)
        os.kill(killed, signal.SIGKILL)
        (said,) = await running.says("process_restarted")
        await running.is_up()
        assert running.pid(name) != killed
        assert running.processes()[name]["restarts"] == 1
        assert said["process"] == name
        assert said["pid"] == running.pid(name)
        assert said["exit"] == "SIGKILL"
        assert said["restarts"] == 1
        assert said["backoff_ms"] == 0
        assert said["timestamp"].endswith("Z")


async def test_connections_in_the_backlog_of_a_killed_edge_are_served_by_its_successor(
    tmp_path: Path,
) -> None:
    """The supervisor keeps the socket open, so what was not accepted is not lost."""
    async with supervised(tmp_path / "run", tiny(workers=1)) as running:
        await running.is_up()
        address = await running.listens_on()
        killed = running.pid("edge-0")
        os.kill(killed, signal.SIGSTOP)
        with socket.create_connection(address) as waiting:
            os.kill(killed, signal.SIGKILL)
            await running.says("process_restarted")
            waiting.settimeout(10)
            answer = await asyncio.to_thread(waiting.recv, 100)
        assert answer.decode() == f"edge-0 {running.pid('edge-0')}"


async def test_all_edges_share_a_unix_path(tmp_path: Path) -> None:
    """One socket file serves every edge, and is gone after the end."""
    path = str(tmp_path / "users.sock")
    async with supervised(tmp_path / "run", tiny(listen=(ListenSettings(unix=path),))) as running:
        await running.is_up()
        assert (await asyncio.to_thread(ask, path)).startswith("edge-")
        running.signal(signal.SIGTERM)
        assert await running.ends() == 0
        with pytest.raises(FileNotFoundError):
            ask(path)


async def test_a_process_that_cannot_start_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    """Pauses double, the fifth futile start is named as such, and the others are left alone."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"judge": "exit"}')
    async with supervised(folder, tiny()) as running:
        said = await running.says("process_restarted", 4)
        assert [event["backoff_ms"] for event in said[:4]] == [0, 200, 400, 800]
        assert {event["exit"] for event in said} == {"3"}
        (cannot,) = await running.says("process_cannot_start")
        assert cannot["process"] == "judge"
        assert running.processes()["edge-0"]["restarts"] == 0


async def test_the_first_signal_drains(tmp_path: Path) -> None:
    """SIGTERM: readiness off, every process asked to finish, nobody killed, exit code 0."""
    async with supervised(tmp_path / "run", tiny()) as running:
        await running.is_up()
        pids = [running.pid(name) for name in NAMES]
        running.signal(signal.SIGTERM)
        assert await running.ends() == 0
        assert Dials(running.folder).draining
        assert not any(is_alive(pid) for pid in pids)
        assert all(running.signals(name) == ["SIGTERM"] for name in NAMES)
        (stopped,) = await running.says("stopped")
        assert stopped["killed"] == []


async def test_while_an_edge_drains_the_others_still_run(tmp_path: Path) -> None:
    """Shadow, judge and control are asked to finish only when the last edge is gone."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"edge-1": "stay"}')
    async with supervised(folder, tiny()) as running:
        await running.is_up()
        running.signal(signal.SIGTERM)
        await until(lambda: not running.processes()["edge-0"]["up"], "edge-0 has drained")
        assert running.processes()["edge-1"]["up"]
        assert [running.signals(name) for name in ("shadow", "judge", "control")] == [[], [], []]
        os.kill(running.pid("edge-1"), signal.SIGKILL)
        assert await running.ends() == 0
        assert running.said("process_restarted") == []


async def test_an_edge_that_does_not_end_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    """The drain is bounded by the configuration; what is left then is killed, and named."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"edge-1": "stay", "judge": "stay"}')
    limits = LimitSettings(drain_delay_s=0, drain_timeout_s=0.1)
    async with supervised(folder, tiny(limits=limits)) as running:
        await running.is_up()
        running.signal(signal.SIGTERM)
        assert await running.ends() == 0
        (stopped,) = await running.says("stopped")
        assert stopped["killed"] == ["edge-1", "judge"]


async def test_the_second_signal_means_now(tmp_path: Path) -> None:
    """SIGINT after SIGTERM kills what still drains and exits 1."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"edge-1": "stay"}')
    limits = LimitSettings(drain_delay_s=0, drain_timeout_s=600)
    async with supervised(folder, tiny(limits=limits)) as running:
        await running.is_up()
        pids = [running.pid(name) for name in NAMES]
        running.signal(signal.SIGTERM)
        await until(lambda: not running.processes()["edge-0"]["up"], "the drain has begun")
        running.signal(signal.SIGINT)
        assert await running.ends() == 1
        assert not any(is_alive(pid) for pid in pids)


async def test_connecting_is_refused_once_the_edges_have_gone(tmp_path: Path) -> None:
    """During the drain nobody waits in a backlog that no one will serve."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"shadow": "stay"}')
    async with supervised(folder, tiny()) as running:
        await running.is_up()
        address = await running.listens_on()
        running.signal(signal.SIGTERM)
        await until(lambda: running.signals("shadow"), "the edges have gone")
        with pytest.raises(ConnectionRefusedError):
            ask(address)


async def test_a_hangup_goes_to_control_alone(tmp_path: Path) -> None:
    """SIGHUP means reload, whichever process of the group gets it."""
    async with supervised(tmp_path / "run", tiny()) as running:
        await running.is_up()
        running.signal(signal.SIGHUP)
        await until(lambda: running.signals("control") == ["SIGHUP"], "control got SIGHUP")
        assert [running.signals(name) for name in NAMES[:-1]] == [[]] * 4


async def test_what_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    """A process without heartbeats is hung, even if the kernel thinks that it runs."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / "behaviour.json").write_text('{"shadow": "hang"}')
    async with supervised(folder, tiny(), "tests.runtime.supervise_impatiently") as running:
        (hung, *_) = await running.says("process_hung")
        (restarted, *_) = await running.says("process_restarted")
        assert hung["process"] == restarted["process"] == "shadow"
        assert restarted["exit"] == "SIGKILL"


async def test_the_page_says_what_is_configured_before_an_edge_reads_it(tmp_path: Path) -> None:
    """`shadow.enabled: false` copies nothing, not even until control is up."""
    settings = tiny(shadow=ShadowSettings(enabled=False), generation=7)
    async with supervised(tmp_path / "run", settings) as running:
        await running.says("listening")
        dials = Dials(running.folder)
        assert not dials.shadow_on
        assert dials.generation == 7


async def test_dials_that_were_turned_outlive_the_supervisor(tmp_path: Path) -> None:
    """A kill switch in a folder that is used again stays as the operator left it."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    Dials(folder).turn(shadow_on=False)
    (folder / "dials.json").write_text("{}")
    async with supervised(folder, tiny()) as running:
        await running.says("listening")
        assert not Dials(folder).shadow_on


async def test_a_temporary_folder_goes_with_the_run(tmp_path: Path) -> None:
    """What `run` made for itself is removed at the end."""
    async with supervised(tmp_path / "shadowproxy-x", tiny()) as running:
        await running.is_up()
        running.signal(signal.SIGTERM)
        assert await running.ends() == 0
        (running.folder / "edge-0.signals").unlink(missing_ok=True)
        left = {path.name for path in running.folder.glob("*") if path.suffix != ".signals"}
        assert left == set()


async def test_an_address_in_use_is_said_and_ends_the_start(tmp_path: Path) -> None:
    """A second proxy does not share the port of the first without a word."""
    async with supervised(tmp_path / "first", tiny()) as first:
        host, port = await first.listens_on()
        taken = tiny(listen=(ListenSettings(host, port),))
        async with supervised(tmp_path / "second", taken) as second:
            assert await second.ends() == 1
            (said,) = await second.says("cannot_start")
            assert f"{host}:{port}" in said["error"]
            assert second.processes() == {}


async def test_one_supervisor_to_a_folder(tmp_path: Path) -> None:
    """Two would write the same pages; the second one says so and leaves everything as it is."""
    async with supervised(tmp_path / "run", tiny()) as first:
        await first.is_up()
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.runtime.supervise", str(first.folder)),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await second.communicate()
        assert second.returncode == 1
        assert json.loads(said)["event"] == "cannot_start"
        assert first.said("process_restarted") == []
        assert all(is_alive(first.pid(name)) for name in NAMES)


async def test_orphaned_edges_serve_until_a_new_supervisor_has_edges(tmp_path: Path) -> None:
    """When the supervisor is killed, users are served on; a new one takes over and drains."""
    settings = tiny(
        listen=(ListenSettings("127.0.0.1", free_port()),),
        admin=AdminSettings(ListenSettings("127.0.0.1", free_port())),
    )
    async with supervised(tmp_path / "shadowproxy-a", settings) as old:
        await old.is_up()
        address = await old.listens_on()
        orphans = {name: old.pid(name) for name in NAMES}
        old.process.kill()
        await old.ends()
        assert (await asyncio.to_thread(ask, address)).startswith("edge-")
        async with supervised(tmp_path / "shadowproxy-b", settings) as new:
            await new.is_up()
            await until(lambda: not any(map(is_alive, orphans.values())), "all orphans ended", 10)
            answers = {await asyncio.to_thread(ask, address) for _ in range(10)}
            assert answers <= {f"edge-{slot} {new.pid(f'edge-{slot}')}" for slot in (0, 1)}
            assert {said["process"] for said in new.said("orphan_found")} == set(NAMES)


async def test_orphans_in_the_same_folder_end_before_their_pages_are_used_again(
    tmp_path: Path,
) -> None:
    """A page has one writer."""
    async with supervised(tmp_path / "run", tiny()) as old:
        await old.is_up()
        orphans = [old.pid(name) for name in NAMES]
        old.process.kill()
        await old.ends()
        async with supervised(tmp_path / "run", tiny()) as new:
            await new.says("listening")
            assert not any(is_alive(pid) for pid in orphans)
            await new.is_up()


LOADED = """
import subprocess
import sys
before = set(sys.modules)
import shadowproxy.runtime.supervisor
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(" ".join(sorted(names - set(sys.stdlib_module_names))), "asyncio" in sys.modules)
"""


def test_the_supervisor_needs_the_standard_library_alone() -> None:
    """No foreign module, no event loop: little could end it, and it stays small."""
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["shadowproxy", "False"]

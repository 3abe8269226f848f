"""What every process has: settings of one generation, a heartbeat, and files that are never half."""

import threading
from dataclasses import replace
from pathlib import Path

from shadowproxy.core.settings import BackendSettings, ListenSettings, Settings
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.process import Process, read_settings, write_atomically, write_settings
from shadowproxy.ipc.tallies import Tallies

SETTINGS = Settings((ListenSettings("127.0.0.1", 0),), BackendSettings("http", "127.0.0.1", 9001))


def test_settings_survive_the_file(tmp_path: Path) -> None:
    """What control writes is what the others read."""
    write_settings(tmp_path, SETTINGS)
    assert read_settings(tmp_path) == SETTINGS


def test_a_new_generation_is_loaded_once(tmp_path: Path) -> None:
    """`reload` is True for the first look after a publication, and says so in the tallies."""
    write_settings(tmp_path, SETTINGS)
    dials = Dials(tmp_path)
    dials.publish_generation(1)
    process = Process(tmp_path, "edge", 3)
    assert not process.reload()
    write_settings(tmp_path, replace(SETTINGS, generation=2, forwarded="off"))
    assert not process.reload()
    dials.publish_generation(2)
    assert process.reload()
    assert process.settings.forwarded == "off"
    assert process.tallies.get("generation") == 2
    assert not process.reload()


def test_a_successor_says_which_generation_it_started_with(tmp_path: Path) -> None:
    """Not the one that its predecessor had loaded."""
    Tallies(tmp_path, "shadow").set("generation", 4)
    write_settings(tmp_path, replace(SETTINGS, generation=5))
    assert Process(tmp_path, "shadow").tallies.get("generation") == 5


def test_a_successor_starts_with_nothing_open(tmp_path: Path) -> None:
    """Gauges of a killed process are gone with it; its counts stay."""
    write_settings(tmp_path, SETTINGS)
    killed = Process(tmp_path, "edge", 1)
    killed.tallies.set("in_flight", 12)
    killed.tallies.add("received", 12)
    successor = Process(tmp_path, "edge", 1)
    assert successor.tallies.get("in_flight") == 0
    assert successor.tallies.get("received") == 12


def test_a_start_beats_the_heart(tmp_path: Path) -> None:
    """A process that has just started is alive to whoever reads its page."""
    write_settings(tmp_path, SETTINGS)
    process = Process(tmp_path, "judge")
    first = process.tallies.get("heartbeat_ms")
    process.beat()
    assert process.tallies.get("heartbeat_ms") >= first > 0


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    """While a file is replaced again and again, every read gives one whole content."""
    path = tmp_path / "document"
    contents = [letter * 50_000 for letter in (b"a", b"b")]
    write_atomically(path, contents[0])
    is_over = threading.Event()

    def replace_again_and_again() -> None:
        for round_ in range(300):
            write_atomically(path, contents[round_ % 2])
        is_over.set()

    writer = threading.Thread(target=replace_again_and_again)
    writer.start()
    while not is_over.is_set():
        assert path.read_bytes() in contents
    writer.join()
    assert path.stat().st_mode & 0o077 == 0

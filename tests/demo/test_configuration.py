"""The file that the demo writes."""

from pathlib import Path

from shadowproxy.config.loading import load
from shadowproxy.demo.configuration import Addresses, write_configuration
from shadowproxy.demo.planted import BUGS, NOISE

ADDRESSES = Addresses("127.0.0.1:8080", "127.0.0.1:9900", 1, 2)


def test_the_proxy_accepts_it_without_a_warning(tmp_path: Path) -> None:
    """It loads, and everything planted is where something is copied: else it could not be found."""
    file = tmp_path / "shadowproxy.yaml"
    file.write_text(write_configuration(ADDRESSES, tmp_path / "report.db"))
    loaded = load(str(file), environ={})
    assert loaded.warnings == ()
    copied = {route.path for route in loaded.settings.routes if route.shadow}
    places = [bug.place for bug in BUGS] + [noise.place for noise in NOISE]
    assert {place.endpoint.partition(" ")[2] for place in places} <= copied

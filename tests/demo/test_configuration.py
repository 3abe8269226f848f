"""The file that the demo writes."""

from pathlib import Path

from shadowproxy.config.loading import load
from shadowproxy.demo.configuration import ENDPOINTS, Addresses, write_configuration
from shadowproxy.demo.planted import BUGS, NOISE


def test_the_proxy_accepts_it_without_a_warning(tmp_path: Path) -> None:
    """It loads, and every copied route is one whose endpoint the demo knows by name."""
    file = tmp_path / "shadowproxy.yaml"
    file.write_text(write_configuration(Addresses("127.0.0.1:8080", "127.0.0.1:9900", 1, 2)))
    loaded = load(str(file), environ={})
    assert loaded.warnings == ()
    copied = {route.name: route.path for route in loaded.settings.routes if route.shadow}
    assert {name: path.rpartition(" ")[2] for name, path in ENDPOINTS.items()} == copied


def test_everything_planted_is_on_a_copied_endpoint() -> None:
    """A bug or noise where nothing is copied could never be found."""
    bugs = {bug.place.endpoint for bug in BUGS}
    noise = {each.place.endpoint for each in NOISE}
    assert bugs | noise <= set(ENDPOINTS.values())

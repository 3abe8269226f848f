"""The systemd unit."""

import shutil
import subprocess
from pathlib import Path

import pytest

from shadowproxy.core.settings import LimitSettings

FILE = Path(__file__).parents[2] / "deploy" / "systemd" / "shadowproxy.service"


def _section(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    current = ""
    for line in FILE.read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif "=" in line and not line.startswith("#") and current == name:
            key, _, value = line.partition("=")
            assert key not in found, key
            found[key] = value
    return found


def test_stopping_waits_for_the_drain() -> None:
    """Systemd kills later than the default drain can take, and signals the supervisor alone."""
    service = _section("Service")
    limits = LimitSettings()
    drain_s = limits.drain_delay_s + limits.drain_timeout_s
    assert float(service["TimeoutStopSec"].removesuffix("s")) > drain_s
    assert (service["KillSignal"], service["KillMode"]) == ("SIGTERM", "mixed")


def test_runtime_files_are_in_memory() -> None:
    """The runtime folder is below /run, and the proxy alone may look into it."""
    service = _section("Service")
    assert service["Environment"] == f"TMPDIR=%t/{service['RuntimeDirectory']}"
    assert service["RuntimeDirectoryMode"] == "0700"


def test_reload_is_sighup() -> None:
    """`systemctl reload` reads the file again."""
    assert _section("Service")["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_a_wrong_file_does_not_start() -> None:
    """`check` runs before `run`, on the same file."""
    service = _section("Service")
    assert service["ExecStartPre"] == service["ExecStart"].replace(" run ", " check ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallFilter", "@system-service"),
    ],
)
def test_it_is_hardened(key: str, value: str) -> None:
    """The service owns nothing that it does not need."""
    assert _section("Service")[key] == value


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    """`systemd-analyze verify` has no complaint once the program is there."""
    unit = tmp_path / FILE.name
    unit.write_text(FILE.read_text().replace("/opt/shadowproxy/bin/shadowproxy", "/bin/true"))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")

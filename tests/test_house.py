"""The house keeps its rules: layers, lock files, the CI command, what a wheel carries."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("*.lock"))


def _run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_imports_point_down() -> None:
    """Every import obeys the layers and every foreign library enters by its one door."""
    linter = Path(sys.executable).with_name("lint-imports")
    result = _run(str(linter), "--no-logo", "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_file_names_no_address(lock: Path) -> None:
    """Lock files say what is installed, never from where."""
    found = re.findall(
        r"(?m)^.*(?:https?://|file://|--index|--find-links|--extra-index).*$", lock.read_text()
    )
    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_is_pinned_with_hashes(lock: Path) -> None:
    """Each requirement is one exact version and at least one SHA-256."""
    requirements = re.split(r"(?m)^(?=[a-zA-Z0-9])", lock.read_text())[1:]
    assert requirements
    loose = [r.split()[0] for r in requirements if "==" not in r or "--hash=sha256:" not in r]
    assert loose == []


def test_the_three_lock_files_agree() -> None:
    """A package has the same version in every lock file that names it."""
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in re.findall(r"(?m)^([\w.\[\]-]+)==(\S+)", lock.read_text()):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_every_dependency_is_locked() -> None:
    """What pyproject.toml asks for is in the lock file that serves it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-dev.lock", project["dependencies"] + extras["test"]),
        ("requirements-bench.lock", project["dependencies"] + extras["bench"]),
    ):
        locked = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / lock).read_text()))
        names = {re.split(r"[<>=!~\[ ]", each)[0].lower() for each in wanted}
        assert names <= locked, lock


def test_ci_runs_what_a_person_runs() -> None:
    """`.ci/run` is `make test` with CI=true and has no step of its own."""
    lines = [
        line
        for line in (ROOT / ".ci" / "run").read_text().splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert lines == ["CI=true make test"]


def test_make_alone_says_what_there_is() -> None:
    """The default target lists every target that a person calls, and does nothing else."""
    result = _run("make", "--no-print-directory")
    assert result.returncode == 0
    for target in ("demo", "run", "test", "bench", "lint", "fmt", "clean", "venv"):
        assert re.search(rf"(?m)^  make {target}\b", result.stdout), target


def test_the_readme_configuration_is_valid(tmp_path: Path) -> None:
    """The configuration that README.md shows passes `shadowproxy check`."""
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text())
    assert blocks
    for block in blocks:
        (tmp_path / "shadowproxy.yaml").write_text(block)
        command = (sys.executable, "-m", "shadowproxy", "check", "-c")
        result = _run(*command, str(tmp_path / "shadowproxy.yaml"))
        assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_shows_commands_that_exist() -> None:
    """Every command that README.md shows exists."""
    text = (ROOT / "README.md").read_text()
    shown = set(re.findall(r"(?m)^    shadowproxy (\w+)|`shadowproxy (\w+)`", text))
    commands = {first or second for first, second in shown}
    listed = _run(sys.executable, "-m", "shadowproxy", "--help").stdout
    missing = {name for name in commands if not re.search(rf"(?m)^  {name}\b", listed)}
    assert commands
    assert missing == set()


@pytest.mark.slow
def test_a_wheel_carries_types_and_command(tmp_path: Path) -> None:
    """A built wheel holds py.typed, every module of the package and the `shadowproxy` command."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(
        ROOT / "shadowproxy", source / "shadowproxy", ignore=shutil.ignore_patterns("__pycache__")
    )
    result = _run(
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"),
        *("--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)),
    )
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {name for name in names if name.startswith("shadowproxy/")}
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "shadowproxy").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == modules
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    assert b"shadowproxy = shadowproxy.cli:main" in zipfile.ZipFile(wheel).read(entry_points)

"""The Dockerfile, as text: no image is built here."""

import re
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "docker" / "Dockerfile"


def _stages() -> list[list[str]]:
    """The instructions of each stage, one a line."""
    text = re.sub(r"\\\n\s*", "", FILE.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[str]] = []
    for line in lines:
        if line.startswith("FROM "):
            stages.append([])
        if stages:
            stages[-1].append(line)
    return stages


def test_everything_from_a_registry_has_a_hash() -> None:
    """Each `pip install` demands hashes or takes the wheel that was just built."""
    for command in re.findall(r"pip install [^&\n]*", "\n".join(chain.from_iterable(_stages()))):
        assert "--require-hashes" in command or "--no-index" in command, command


def test_what_is_copied_exists() -> None:
    """Every file that the build takes from the tree is in the tree."""
    copies = [
        line.split()[1:-1] for line in chain.from_iterable(_stages()) if line.startswith("COPY ")
    ]
    sources = [source for copy in copies for source in copy if not copy[0].startswith("--from")]
    assert "requirements.lock" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_is_the_last_stage_alone() -> None:
    """Build tools stay behind; what runs is not root and says whether it lives."""
    _, final = _stages()
    (user,) = (line.split()[1] for line in final if line.startswith("USER "))
    assert user.partition(":")[0] not in ("root", "0")
    assert any(line.startswith("HEALTHCHECK ") and "/livez" in line for line in final)
    assert not any("pip" in line for line in final)


def test_signals_reach_the_supervisor() -> None:
    """The command is executed without a shell between it and SIGTERM."""
    _, final = _stages()
    entry_points = [line for line in final if line.startswith(("ENTRYPOINT", "CMD"))]
    assert entry_points[0] == 'ENTRYPOINT ["shadowproxy"]'
    assert entry_points[1].startswith('CMD ["run",')

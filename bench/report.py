"""What a run of the bench leaves behind: the raw measurements as JSON, a page and a plot."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.harm import Harm
from bench.phases import Effort, Measurement
from bench.summary import Round, targets


@dataclass(frozen=True, slots=True)
class Results:
    """Everything of one run."""

    commit: str
    started: str
    machine: str
    versions: dict[str, str]
    command: str
    effort: Effort
    rounds: Sequence[Round]
    harm: Sequence[Harm]
    others: Sequence[Measurement]
    missing: Sequence[str]

    def to_json(self) -> str:
        """All measurements and the targets drawn from them."""
        document = asdict(self)
        document["targets"] = [
            asdict(each) | {"is_met": each.is_met} for each in targets(self.rounds)
        ]
        return json.dumps(document, indent=1)

    def stem(self) -> str:
        """The name of the files of this run."""
        return f"{self.started[:10]}-{self.commit[:12]}"


def write(results: Results, folder: Path, page: str, plot: str) -> list[Path]:
    """Writes the three files and says where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for ending, text in (("json", results.to_json() + "\n"), ("md", page), ("svg", plot)):
        path = folder / f"{results.stem()}.{ending}"
        path.write_text(text)
        written.append(path)
    return written

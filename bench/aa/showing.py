"""What a run leaves behind: a page, and all that was read as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.aa.checks import Check, percent
from bench.aa.driving import Driven, Plan
from bench.rendering import table
from shadowproxy.core.words import Kind


@dataclass(frozen=True, slots=True)
class Result:
    """Everything of one run."""

    commit: str
    started: str
    machine: str
    command: str
    plan: Plan
    driven: Driven
    checks: tuple[Check, ...]

    @property
    def is_fine(self) -> bool:
        """Whether every promise was kept."""
        return all(each.holds for each in self.checks)

    def page(self) -> str:
        """The tables, for a person."""
        return "\n\n".join(
            [
                f"# Legacy against {'a spoiled' if self.plan.is_spoiled else 'a'} copy of itself",
                f"`{self.command}`",
                f"{self.started}, commit {self.commit}; {self.machine}. Other programs used"
                f" {100 * self.driven.neighbours:.0f} % of the machine.",
                table(self._promises()),
                table(self._figures()),
                table(self._lessons()),
                table(self._findings()) if self.driven.seen.last.findings else "No findings.",
            ]
        )

    def write(self, folder: Path) -> list[Path]:
        """Writes the page and the JSON and says where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        kind = "spoiled" if self.plan.is_spoiled else "aa"
        stem = f"{kind}-{self.started[:10]}-{self.commit[:12]}"
        page, raw = folder / f"{stem}.md", folder / f"{stem}.json"
        page.write_text(self.page() + "\n")
        document = {**asdict(self), "is_fine": self.is_fine}
        raw.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return [raw, page]

    def _promises(self) -> list[list[str]]:
        rows = [[each.promise, each.seen, _mark(each.holds)] for each in self.checks]
        return [["promise", "seen", ""], *rows]

    def _figures(self) -> list[list[str]]:
        seen, seconds = self.driven.seen, self.driven.seconds
        counts = seen.last.counts
        after, mismatches = seen.compared_after, seen.mismatches_after
        total_s = sum(self.driven.cpu_s.values())
        roles = ", ".join(f"{role} {cpu_s:.1f}" for role, cpu_s in self.driven.cpu_s.items())
        return [
            ["figure", "value"],
            ["exchanges recorded", f"{counts.recorded:,}"],
            ["traffic", f"{seconds:.0f} s, {counts.recorded / seconds:.0f} recorded a second"],
            ["verdicts", _counts(counts.verdicts)],
            ["other ends", _counts(counts.reasons, but="recorded/")],
            ["mismatches, all", f"{counts.mismatches:,}, {percent(counts.mismatches, counts.compared)}"],
            ["mismatches after noise was learned", f"{mismatches:,} of {after:,}, {percent(mismatches, after)}"],
            ["CPU seconds of shadowproxy", f"{total_s:.1f} ({roles})"],
        ]  # fmt: skip

    def _lessons(self) -> list[list[str]]:
        seen = self.driven.seen
        found = {(each.endpoint, each.path, each.kind): each for each in seen.last.noise}
        rows = [["noise", "known after", "last told as a mismatch", "legacy against itself"]]
        for each in seen.lessons:
            known = found[each.endpoint, each.path, Kind.CHANGED]
            told = "never" if each.last_told_s is None else f"at {each.last_told_s:.1f} s"
            rows.append(
                [
                    f"{each.endpoint} {each.path}",
                    f"{each.exchanges:,} exchanges, {each.at_s:.1f} s",
                    told,
                    f"differed in {known.b:,} of {known.aa_samples:,} checks",
                ]
            )
        rows += [[" ".join(place), "**never**", "", ""] for place in seen.unlearned]
        return rows

    def _findings(self) -> list[list[str]]:
        return [
            ["finding", "state", "exchanges", "sentence"],
            *(
                [f"{each.endpoint} {each.path} {each.kind}", each.state, f"{each.count:,}", each.sentence]
                for each in self.driven.seen.last.findings
            ),
        ]  # fmt: skip


def _mark(holds: bool) -> str:
    return "kept" if holds else "**broken**"


def _counts(counts: dict[str, int], but: str = "?") -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered if not name.startswith(but))

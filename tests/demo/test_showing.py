"""What the terminal shows."""

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType

from shadowproxy.demo import showing
from shadowproxy.demo.observed import Group, Learned, Observed, Pace, Sums
from shadowproxy.demo.outcome import ENOUGH_BLOCKS, conclude
from shadowproxy.demo.planted import BUGS, NOISE
from shadowproxy.demo.traffic import Experience

LONG = "`items[*].price` number became string in 312 of 10,412 answers of GET /items/{id}"
GROUPS = (
    Group("GET /items/{id}", "/price", "type", 200, 200, 123_456, 0, LONG),
    Group("GET /" + "a" * 120, "/" + "b" * 120, "changed", 200, 200, 1, 0, LONG),
    Group(NOISE[0].place.endpoint, NOISE[0].place.path, "changed", 200, 200, 9, 4_321, LONG),
)
OBSERVED = Observed(
    sums=Sums(received=1_234_567, skipped=34_567, dropped=1, failed=2, recorded=1_199_997),
    reasons={
        ("skipped", "method"): 34_567,
        ("dropped", "channel_full"): 1,
        ("failed", "compare"): 2,
    },
    verdicts={"match": 1_000_000, "mismatch": 199_997, "noise": 0},
    groups=GROUPS,
    causes=("`price` became a string in three endpoints",),
    learned=(Learned(NOISE[0].place.endpoint, NOISE[0].place.path, "changed", "noisy", 99, 98),),
    paces=(
        Pace("GET /cart", False, "", ENOUGH_BLOCKS - 1, 3, {"p50": 1100}, {"p50": 152_300}),
        Pace("GET /", False, "", 9, 0, {"p50": 0}, {"p50": 1000}),
    ),
    added_p50_s=0.0002,
)


def _render(shown: RenderableType) -> list[str]:
    target = io.StringIO()
    Console(file=target, width=showing.WIDTH, highlight=False).print(shown)
    return target.getvalue().splitlines()


def _summary(observed: Observed) -> list[str]:
    seen = Experience(requests=1_234_567)
    return _render(showing.summary(20, seen, observed, conclude(seen, observed)))


def test_everything_fits_80_columns() -> None:
    """Neither long endpoints nor large numbers make a line wider than a terminal."""
    live = _render(showing.live(20, Experience(), OBSERVED))
    for line in (*_summary(OBSERVED), *live):
        assert len(line) <= 80, line
    assert len(showing.progress_line(20, Experience(requests=1_234_567), OBSERVED)) <= 110


def test_summary_names_found_and_not_found() -> None:
    """Each bug is there, and whether it was found."""
    text = "\n".join(_summary(OBSERVED))
    assert text.count("NOT FOUND") == 5
    assert text.count("not yet") == 1
    assert "GET /cart was slower in 3 of 13 blocks" in text
    assert "1,234,567 received = 34,567 skipped + 1 dropped + 2 failed" in text
    assert "skipped: method 34,567" in text


def test_noise_and_the_unplanted_are_apart() -> None:
    """What nobody planted has a heading of its own; planted noise says what was learned."""
    text = " ".join(" ".join(_summary(OBSERVED)).split())
    assert text.index("that nobody planted") < text.index("Planted noise")
    assert "legacy disagreed with itself in 98 of 99 checks; that explains 4,321" in text
    assert "9 were reported before it was known" in text
    assert text.count("NOT LEARNED") == len(NOISE) - 1
    assert "nobody planted" not in "\n".join(_summary(replace(OBSERVED, groups=GROUPS[:1])))


def test_too_little_evidence_is_not_a_miss() -> None:
    """After few exchanges nothing is called missed, neither in its row nor at the end."""
    short = Observed(sums=Sums(received=9, recorded=9))
    outcome = conclude(Experience(requests=9), short)
    text = "\n".join(_summary(short))
    assert "NOT" not in text
    assert text.count(" not yet ") == len(BUGS) + len(NOISE)
    assert "not enough evidence yet" in "\n".join(_render(showing.ending(outcome)))


def test_causes_are_shown() -> None:
    """Only if there are any."""
    assert "`price` became a string in three endpoints" in "\n".join(_summary(OBSERVED))
    assert "one cause" not in "\n".join(_summary(replace(OBSERVED, causes=())))


def test_sums_that_do_not_hold_are_said() -> None:
    """A lost exchange is visible."""
    wrong = replace(OBSERVED, sums=Sums(received=2, recorded=1))
    assert "does not add up" in " ".join(_summary(wrong))


def test_markup_in_a_finding_is_text() -> None:
    """Square brackets from a path stay what they are."""
    group = Group("GET /[bold]x", "/[red]y", "changed", 200, 200, 1, 0, "[blink]")
    text = "\n".join(_summary(replace(OBSERVED, groups=(group,))))
    assert "GET /[bold]x  /[red]y  changed" in text


def test_example_is_bounded() -> None:
    """An example line with much in it is cut, in width and in height."""
    line = json.dumps({"event": "shadow_mismatch", "x" * 100: list(range(100))})
    shown = _render(showing.example(line))
    assert len(shown) == showing.EXAMPLE_LINES + 1
    assert max(map(len, shown)) < 80


def test_durations_read_well() -> None:
    """Small ones keep decimals, large ones do not, missing ones are a dash."""
    assert showing.milliseconds(0.00123) == "1.23 ms"
    assert showing.milliseconds(0.1523) == "152 ms"
    assert showing.milliseconds(None) == "-"


def test_the_last_mismatch_of_the_log_is_shown(tmp_path: Path) -> None:
    """The lines are counted, other events are not, and one is shown with its event first."""
    log = tmp_path / "proxy.log"
    first, last = (
        json.dumps({"endpoint": endpoint, "event": "shadow_mismatch"})
        for endpoint in ("GET /cart", "GET /items")
    )
    log.write_text(f'{{"event":"listening"}}\n{first}\n{last}\n{{"event":"stopped"}}\n')
    shown = _render(showing.log_lines(log))
    assert shown[1].startswith("The last of 2 shadow_mismatch lines")
    assert shown[3] == '  "event": "shadow_mismatch",'
    assert shown[4] == '  "endpoint": "GET /items"'


def test_a_log_without_mismatches_or_without_a_log_is_said(tmp_path: Path) -> None:
    """Nothing to show is a sentence, not a traceback."""
    log = tmp_path / "proxy.log"
    assert "cannot be read" in _render(showing.log_lines(log))[1]
    log.write_text("")
    assert _render(showing.log_lines(log))[1] == "No shadow_mismatch line in the log"

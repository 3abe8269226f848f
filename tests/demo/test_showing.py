"""What the terminal shows."""

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType

from shadowproxy.demo import showing
from shadowproxy.demo.observed import Group, Observed, Speed, Sums
from shadowproxy.demo.outcome import conclude
from shadowproxy.demo.planted import NOISE
from shadowproxy.demo.traffic import Experience

LONG = "`items[*].price` number became string in 312 of 10,412 answers of GET /items/{id}"
GROUPS = (
    Group("GET /items/{id}", "/price", "type", 200, 200, 123_456, LONG),
    Group("GET /" + "a" * 120, "/" + "b" * 120, "changed", 200, 200, 1, LONG),
    Group(NOISE[0].place.endpoint, NOISE[0].place.path, "changed", 200, 200, 9, LONG),
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
    speeds=(Speed("GET /cart", 0.0011, 0.1523), Speed("GET /", 0.0, 0.001)),
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
    assert text.count("NOT FOUND") == 4
    assert "1,234,567 received = 34,567 skipped + 1 dropped + 2 failed" in text
    assert "skipped: method 34,567" in text


def test_noise_and_the_unplanted_are_apart() -> None:
    """Planted noise is announced as such; what nobody planted has a heading of its own."""
    text = "\n".join(_summary(OBSERVED))
    assert text.index("that nobody planted") < text.index("Also differs")
    quiet = "\n".join(_summary(replace(OBSERVED, groups=GROUPS[:1])))
    assert "nobody planted" not in quiet
    assert "Also differs" not in quiet


def test_sums_that_do_not_hold_are_said() -> None:
    """A lost exchange is visible."""
    wrong = replace(OBSERVED, sums=Sums(received=2, recorded=1))
    assert "does not add up" in " ".join(_summary(wrong))


def test_markup_in_a_finding_is_text() -> None:
    """Square brackets from a path stay what they are."""
    group = Group("GET /[bold]x", "/[red]y", "changed", 200, 200, 1, "[blink]")
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


def test_the_first_mismatch_of_the_log_is_shown(tmp_path: Path) -> None:
    """The lines are counted, other events are not, and one is shown with its event first."""
    log = tmp_path / "proxy.log"
    mismatch = json.dumps({"endpoint": "GET /cart", "event": "shadow_mismatch"})
    log.write_text(f'{{"event":"listening"}}\n{mismatch}\n{mismatch}\n')
    shown = _render(showing.log_lines(log))
    assert shown[1].startswith("2 shadow_mismatch lines")
    assert shown[3] == '  "event": "shadow_mismatch",'


def test_a_log_without_mismatches_or_without_a_log_is_said(tmp_path: Path) -> None:
    """Nothing to show is a sentence, not a traceback."""
    log = tmp_path / "proxy.log"
    assert "cannot be read" in _render(showing.log_lines(log))[1]
    log.write_text("")
    assert _render(showing.log_lines(log))[1] == "No shadow_mismatch line in the log"

"""python -m bench: all arms side by side, then bad candidates; see README.md."""

import argparse
import datetime
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import drawing, harm, machine, rendering, report
from bench.arms import ARMS, BY_NAME, Arm, Backends, origins, started
from bench.phases import Effort, Measurement, measure
from bench.running import NotInstalledError, end_on_sigterm, program
from bench.summary import Round

RESULTS = Path(__file__).parent / "results"
OTHERS = ("nginx_mirror", "envoy_mirror", "naive")


def main() -> None:
    """Runs what the command line asks for and writes the results."""
    end_on_sigterm()
    try:
        _bench(_options())
    except NotInstalledError as error:
        sys.exit(f"{error} is not installed: every arm needs it")


def _bench(options: argparse.Namespace) -> None:
    for needed in ("nginx", "wrk"):
        program(needed)
    effort = Effort(options.seconds, options.seconds, options.rate, fresh=not options.quick)
    missing: dict[str, None] = {}
    rounds: list[Round] = []
    found: list[harm.Harm] = []
    others: list[Measurement] = []
    start = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    commit = machine.commit()
    with tempfile.TemporaryDirectory() as name, origins(Path(name)) as backends:
        folder = Path(name)
        rounds.extend(
            _round(_arms(options.arms, number), backends, folder, effort, missing)
            for number in range(options.rounds)
        )
        for mode in options.modes:
            _say(f"harm of a {mode} candidate")
            found += harm.harm(mode, backends, folder, effort, options.pairs)
        if not options.quick:
            others = list(_others(options.modes, backends, folder, effort))
    results = report.Results(
        commit=commit,
        started=start,
        machine=machine.line(),
        versions=machine.versions(),
        command=_command(options),
        effort=effort,
        rounds=rounds,
        harm=found,
        others=others,
        missing=list(missing),
    )
    page = rendering.page(results, f"{results.stem()}.svg")
    written = report.write(results, options.results, page, drawing.plot(rounds))
    print(page)
    _say("written: " + ", ".join(path.name for path in written))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true", help="one round, two minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--pairs", type=int, help="off/on pairs per bad candidate")
    parser.add_argument("--seconds", type=float, help="of each phase")
    parser.add_argument("--rate", type=float, default=4000, help="the fixed rate, requests/s")
    parser.add_argument("--arms", nargs="*", choices=list(BY_NAME), default=list(BY_NAME))
    parser.add_argument("--modes", nargs="*", choices=harm.ALL_MODES)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    quick = options.quick
    options.rounds = options.rounds if options.rounds is not None else (1 if quick else 5)
    options.pairs = options.pairs or (2 if quick else 4)
    options.seconds = options.seconds or (2.0 if quick else 3.0)
    if options.modes is None:
        options.modes = ("slow", "flooding") if quick else harm.ALL_MODES
    return options


def _command(options: argparse.Namespace) -> str:
    """The command that gives this again; where results go is nobody else's business."""
    given = {
        name: value for name, value in vars(options).items() if name not in ("quick", "results")
    }
    words = [f"--{name} {_words(value)}" for name, value in given.items()]
    return " ".join(["python -m bench", *(["--quick"] if options.quick else []), *words])


def _words(value: object) -> str:
    return " ".join(value) if isinstance(value, list | tuple) else f"{value:g}"


def _arms(names: Sequence[str], number: int) -> list[Arm]:
    """Every second round runs backwards, so that no arm always has the same neighbours."""
    chosen = [arm for arm in ARMS if arm.name in names]
    return chosen[::-1] if number % 2 else chosen


def _round(
    arms: Sequence[Arm], backends: Backends, folder: Path, effort: Effort, missing: dict[str, None]
) -> Round:
    measured: dict[str, Measurement] = {}
    for arm in arms:
        _say(arm.title)
        candidate = backends.differing if arm.differing else backends.candidate
        try:
            with started(arm, backends, backends.candidate, folder / arm.name) as target:
                count = candidate if arm.copies else 0
                measured[arm.name] = measure(arm.name, "healthy", target, effort, count)
        except NotInstalledError as error:
            missing[f"{arm.title}: {error} is not installed"] = None
    return Round(measured)


def _others(
    modes: Sequence[str], backends: Backends, folder: Path, effort: Effort
) -> Iterator[Measurement]:
    for mode in modes:
        for name in OTHERS if mode != "healthy" else ():
            _say(f"{BY_NAME[name].title}, {mode} candidate")
            place = folder / f"{name}-{mode}"
            try:
                with (
                    harm.candidate(mode, backends, place) as port,
                    started(BY_NAME[name], backends, port, place) as target,
                ):
                    yield measure(name, mode, target, effort)
            except NotInstalledError:
                continue


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

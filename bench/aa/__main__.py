"""python -m bench.aa: legacy against a copy of itself, with the demo's traffic; see README.md.

Promised: no claim, and after the noise of the shop was learned at most one mismatch in a thousand.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import machine
from bench.aa.checks import check
from bench.aa.driving import Plan, drive
from bench.aa.showing import Result
from bench.running import end_on_sigterm

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Runs it once and prints what was seen; exits with 1 when a promise is broken."""
    end_on_sigterm()
    options = _options()
    plan = Plan(options.exchanges, options.rate, options.spoiled, options.set)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    commit = machine.commit()
    with tempfile.TemporaryDirectory() as name:
        driven = drive(plan, Path(name))
    result = Result(
        commit, started, machine.line(), _command(plan), plan, driven, check(driven.seen)
    )
    print(result.page())
    if options.keep:
        print("written: " + ", ".join(path.name for path in result.write(options.results)))
    sys.exit(not result.is_fine)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.aa", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=100_000, help="to be recorded")
    parser.add_argument("--rate", type=float, default=300, help="requests/s")
    parser.add_argument("--spoiled", action="store_true", help="the demo's bugs are in the copy")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the proxy"
    )
    parser.add_argument("--keep", action="store_true", help="also into bench/results")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def _command(plan: Plan) -> str:
    """The command that gives this again."""
    words = [f"python -m bench.aa --exchanges {plan.exchanges} --rate {plan.rate:g}"]
    words += ["--spoiled"] if plan.is_spoiled else []
    return " ".join([*words, *(f"--set {setting}" for setting in plan.settings)])


if __name__ == "__main__":
    main()

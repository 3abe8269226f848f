"""Every command with its options; what they do is in the module that each of them imports."""

from typing import Any

import click

from shadowproxy.cli.options import configuration_options, make_invocation


@click.command()
@configuration_options
@click.option(
    "--runtime-dir", metavar="DIR", help="Keep sockets and counters there, over restarts too."
)
def run(runtime_dir: str | None, **configuration: Any) -> None:
    """Run the proxy in the foreground.

    Flags beat the environment (SHADOWPROXY__SHADOW__SAMPLE=10%), which beats the file, which beats
    the defaults. SIGTERM drains, SIGHUP loads the file again; so does changing it.
    """
    from shadowproxy.cli.running import run_proxy

    run_proxy(make_invocation(**configuration), runtime_dir)


@click.command()
@configuration_options
@click.option("--connect", is_flag=True, help="Also try to reach each backend.")
def check(connect: bool, **configuration: Any) -> int:
    """Validate a configuration and show what is in force.

    Prints every value with where it comes from, secrets masked, and the memory that the limits add
    up to.
    """
    from shadowproxy.cli.checking import check_configuration

    return check_configuration(make_invocation(**configuration), connect)


@click.command()
@click.option("-o", "--output", metavar="FILE", help="Write there; an existing file stays.")
def init(output: str | None) -> None:
    """Write a commented configuration to start from."""
    from shadowproxy.cli.writing import write_starter

    write_starter(output)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from shadowproxy.cli.writing import print_schema

    print_schema()


@click.command()
@click.argument("legacy", metavar="LEGACY")
@click.argument("candidate", metavar="CANDIDATE")
@click.option(
    "--content-type", metavar="TYPE", help="Of both bodies; else of a head, a name, or JSON, text."
)
@click.option("-c", "--config", "config_path", metavar="FILE", help="Its section compare is used.")
@click.option(
    "--rule",
    "rules",
    metavar="RULE",
    multiple=True,
    help="One more, such as '{path: $.x, ignore: true}'; may be repeated.",
)
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Such as compare.defaults.numbers=double; may be repeated.",
)
@click.option("--endpoint", metavar="ENDPOINT", default="", help="Such as 'GET /users/{id}'.")
@click.option("--status", type=click.IntRange(100, 599), metavar="N", help="200 if unset.")
@click.option(
    "--candidate-status", type=click.IntRange(100, 599), metavar="N", help="Like --status if unset."
)
@click.option("--format", "form", type=click.Choice(["text", "json", "patch"]), default="text")
def diff(**question: Any) -> int:
    """Compare two stored answers with the configured rules, without any traffic.

    LEGACY and CANDIDATE are files; one of them may be - for standard input. A file is a body, or a
    whole response if it begins with HTTP/1.1 200 OK or the like (what curl -i writes): then status
    and header fields are compared, too.

    text is for people, json for programs, patch an RFC 6902 patch that makes the candidate's body
    of legacy's. The exit code is 0 if they match, 1 if they differ or could not be compared, 2 if
    a file, a rule or an option is wrong.
    """
    from shadowproxy.cli.diffing import Question
    from shadowproxy.cli.diffing import diff as compare

    return compare(Question(**question))


_ADMIN = (
    click.option("-c", "--config", "path", metavar="FILE", help="Take address and token from it."),
    click.option("--admin", metavar="ADDR", help="The admin server; 127.0.0.1:9900 if unset."),
    click.option("--token", metavar="TOKEN", help="Or in SHADOWPROXY_ADMIN_TOKEN."),
)


def _admin_options(command: Any) -> Any:
    for option in reversed(_ADMIN):
        command = option(command)
    return command


@click.command()
@_admin_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def status(path: str | None, admin: str | None, token: str | None, form: str) -> int:
    """Show the state of the running proxy."""
    from shadowproxy.cli.admin import find_admin
    from shadowproxy.cli.status import show_status

    return show_status(find_admin(path, admin, token), form)


@click.command()
@_admin_options
@click.option(
    "--store", metavar="URL", help="Read a store instead: sqlite:///FILE, postgresql://..."
)
@click.option("--since", metavar="DURATION", help="Only what is newer, such as 1h; all if unset.")
@click.option("--endpoint", metavar="ENDPOINT", help="Only this one, such as 'GET /users/{id}'.")
@click.option(
    "--fail-on",
    "conditions",
    metavar="CONDITION",
    multiple=True,
    help="Such as 'mismatch>0.1%'; may be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html", "markdown", "junit"]),
    default="text",
)
@click.option("-o", "--output", metavar="FILE", help="Write there, over what is there.")
def report(**question: Any) -> int:
    """Show the mismatch report, and fail on what it says.

    It comes from the running proxy, or straight from a store: with --store, and with -c when no
    proxy answers.

    text is for people, json for programs, html one file to mail, markdown for a pull request, junit
    a test case for each condition and each open finding.

    A CONDITION is NAME OPERATOR VALUE, in quotes. If one of them holds, or the report cannot tell,
    the exit code is 1 and the reason is on standard error. The names:

    \b
      mismatch          share of what was recorded
      candidate_failed  the same
      incomparable      the same
      noise             the same
      coverage          share of what was received that was recorded
      recorded          how many exchanges
      findings          how many are open
      new               how many of those were not there before, or are back
      errors            how many users got an error because legacy failed
      added_p99         how long the proxy made one user in a hundred wait
      conclusion        go, no-go, 'not enough data'
    """  # noqa: D301 - click wants the character, alone in its line
    from shadowproxy.cli.reporting.command import Question
    from shadowproxy.cli.reporting.command import report as show

    return show(Question(**question))


@click.command()
@click.option(
    "--group", "groups", metavar="ID", multiple=True, help="Only this finding; may be repeated."
)
@click.option("--candidate", metavar="URL", help="Whom to ask; else the configuration's.")
@click.option("--legacy", metavar="URL", help="Whom to hold it against; else the configuration's.")
@click.option(
    "-c", "--config", "path", metavar="FILE", help="Take backends, rules and admin server from it."
)
@_ADMIN[1]
@_ADMIN[2]
@click.option("--store", metavar="URL", help="Read a store instead of a running proxy.")
@click.option(
    "--limit",
    type=click.IntRange(1, 2000),
    default=200,
    help="Open findings at most; 200 if unset.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10_000),
    default=20.0,
    help="Requests a second; 20 if unset.",
)
@click.option(
    "--header",
    "headers",
    metavar="HEADER",
    multiple=True,
    help="Such as 'Authorization: Bearer x', in place of what was redacted; may be repeated.",
)
@click.option("--mark-fixed", is_flag=True, help="Mark those that are found fixed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def replay(**question: Any) -> int:
    """Send stored requests again, and say which findings are gone.

    The samples of all open findings, or of those named by --group, go to legacy and candidate once
    more, both marked as shadows. Only GET, HEAD and OPTIONS are ever sent, without what was redacted.
    The answers are compared with the configured rules.

    A finding is fixed if both agree at its place now, still different if not, flaky if legacy
    contradicts its stored answer there or the samples do not agree, and stale if nothing can be said.
    The exit code is 0 if all are fixed or there is none, 1 if not, 2 if legacy or candidate cannot be
    reached at all, 130 after Ctrl-C, which shows what is known until then.
    """
    from shadowproxy.cli.replaying.command import Question, run_replay

    return run_replay(Question(**question))


@click.command(name="set")
@click.argument("dial", metavar="DIAL")
@click.argument("value", metavar="VALUE")
@_admin_options
@click.option("--ttl", metavar="DURATION", help="Turn it back after, such as 30m.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the audit log.")
def set_(
    dial: str,
    value: str,
    path: str | None,
    admin: str | None,
    token: str | None,
    ttl: str | None,
    reason: str | None,
) -> None:
    """Turn a dial of the running proxy: shadow on|off, shadow.sample 10%."""
    from shadowproxy.cli.admin import find_admin
    from shadowproxy.cli.turning import turn

    turn(find_admin(path, admin, token), dial, value, ttl, reason)


@click.command()
@click.argument("dial", metavar="DIAL")
@_admin_options
def unset(dial: str, path: str | None, admin: str | None, token: str | None) -> None:
    """Give a dial back to the configuration."""
    from shadowproxy.cli.admin import find_admin
    from shadowproxy.cli.turning import turn_back

    turn_back(find_admin(path, admin, token), dial)


@click.command()
@click.option("--for", "duration", metavar="DURATION", help="End after, such as 20s.")
@click.option("--rate", type=click.FloatRange(0.1, 100_000), help="Requests per second.")
@click.option("--listen", metavar="ADDR", default="", help="Where the proxy listens.")
@click.option("--admin", metavar="ADDR", default="", help="Where its admin server listens.")
@click.option("--keep", is_flag=True, help="Leave configuration and logs behind.")
def demo(duration: str | None, rate: float | None, listen: str, admin: str, keep: bool) -> int:
    """Show it all on one machine: a shop, its buggy successor, traffic, findings."""
    from shadowproxy.cli.showing import run_demo

    return run_demo(duration, rate, listen, admin, keep)


COMMANDS = (run, check, init, schema, diff, report, replay, status, set_, unset, demo)
"""In the order of `--help`."""

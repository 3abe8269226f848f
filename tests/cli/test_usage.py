"""Exit codes and what is printed, of the real command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowproxy import __version__
from shadowproxy.cli import cli, main
from shadowproxy.cli.reporting.conditions import UNITS
from tests.cli.commands import environment, run
from tests.config.files import BOTH

COMMANDS = (
    "run", "check", "init", "schema", "diff", "report", "replay", "status", "set", "unset", "demo",
)  # fmt: skip


def test_version_and_help() -> None:
    """Every command is listed with what it does."""
    assert run("--version").stdout == f"shadowproxy {__version__}\n"
    help_text = run("--help").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in help_text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """Without importing what it would run."""
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_the_conditions_are_a_table() -> None:
    """In 80 columns each name begins a line of its own, and no mark of the formatter is left."""
    shown = CliRunner().invoke(cli, ["report", "--help"], terminal_width=80).output
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\\b" not in shown
    for name in UNITS:
        assert any(line.startswith(f"    {name}  ") for line in lines), name


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["run", "--nope"], ["check", "surplus"], ["set", "shadow"], ["set", "nope", "on"],
     ["set", "shadow", "maybe"], ["set", "shadow.sample", "300%"], ["unset", "nope"],
     ["set", "shadow", "on", "--ttl", "3"], ["status", "--admin", "x"], ["status", "--format", "xml"],
     ["status", "--token", "a b"], ["demo", "--for", "soon"], ["demo", "--rate", "0"],
     ["run", "-c", "-"], ["run"], ["run", "-c", "/gone.yaml"], ["check", "-c", "/gone.yaml"],
     ["run", "--legacy", "nope"], ["check"],
     ["diff"], ["diff", "-", "-"], ["diff", "-", "x", "-c", "-"], ["diff", "/gone", "-"],
     ["diff", "pyproject.toml", "tests"], ["diff", "-", "README.md", "--format", "html"],
     ["diff", "-", "README.md", "--rule", "{"], ["diff", "-", "README.md", "--endpoint", "/a"],
     ["diff", "-", "README.md", "--set", "shadow.sample=5%"],
     ["report", "--format", "pdf"], ["report", "--since", "soon"], ["report", "--since", "0s"],
     ["report", "--endpoint", "/a"], ["report", "--store", "a.db"], ["report", "--admin", "x"],
     ["report", "--store", "sqlite:///a.db", "--admin", "127.0.0.1:1"], ["report", "-c", "/gone"],
     ["report", "--fail-on", "mismatch"], ["report", "--fail-on", "mismach>1%"]],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """With a message on standard error, nothing on standard output, and no traceback."""
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_run_without_anything_says_what_to_give() -> None:
    """The shortest way to a running proxy."""
    result = run("run")
    assert "shadowproxy run --legacy http://127.0.0.1:9001 --candidate" in result.stderr
    assert "shadowproxy demo" in result.stderr


def test_every_mistake_is_listed_with_its_place(tmp_path: Path) -> None:
    """`file:line:column: key: message`, and nothing else."""
    (tmp_path / "bad.yaml").write_text("legasy: {}\nworkers: -1\n")
    for command in ("run", "check"):
        result = run(command, "-c", "bad.yaml", cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr.splitlines() == [
            "bad.yaml:1:1: legacy.url: is required: whose answers users get (or --legacy URL)",
            "bad.yaml:1:1: legasy: unknown key; did you mean legacy?",
            "bad.yaml:2:10: workers: expected auto or a number from 1 to 64, got '-1'",
        ]


def test_init_gives_what_check_takes(tmp_path: Path) -> None:
    """Through a pipe, or by a file that is never overwritten."""
    starter = run("init")
    assert starter.returncode == 0
    assert run("check", "-c", "-", given=starter.stdout).returncode == 0
    assert run("init", "-o", "new.yaml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new.yaml").read_text() == starter.stdout
    (tmp_path / "new.yaml").write_text("mine")
    again = run("init", "-o", "new.yaml", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert (tmp_path / "new.yaml").read_text() == "mine"
    nowhere = run("init", "-o", "gone/new.yaml", cwd=tmp_path)
    assert (nowhere.returncode, nowhere.stderr) == (
        2, "cannot write gone/new.yaml: No such file or directory\n",
    )  # fmt: skip


def test_schema_is_json() -> None:
    """For editors."""
    assert json.loads(run("schema").stdout)["title"] == "shadowproxy configuration"


def test_a_reader_that_leaves_is_no_traceback() -> None:
    """`shadowproxy schema | head -1`."""
    shell = f"{sys.executable} -m shadowproxy schema | head -c 1"
    result = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, check=False, env=environment()
    )
    assert (result.stdout, result.stderr) == ("{", "")


def test_check_shows_every_value_with_its_origin(tmp_path: Path) -> None:
    """Laid out like the file; file, environment, flag and default told apart; secrets masked."""
    (tmp_path / "proxy.yaml").write_text(
        BOTH + "admin: {token: s3cret}\nroutes: [{name: user, path: '/users/{id}'}]\n"
    )
    result = run(
        "check", "-c", "proxy.yaml", "--set", "shadow.sample=7%", cwd=tmp_path,
        environ={"SHADOWPROXY__LOG__LEVEL": "debug"},
    )  # fmt: skip
    assert result.returncode == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "url: http://127.0.0.1:9001 # proxy.yaml:1:15" in lines
    assert "sample: 7% # --set" in lines
    assert "level: debug # env SHADOWPROXY__LOG__LEVEL" in lines
    assert "timeout: 10s # default" in lines
    assert "token: ******** # proxy.yaml:3:16" in lines
    assert "- name: user # proxy.yaml:4:17" in lines
    assert "s3cret" not in result.stdout + result.stderr
    assert any(line.startswith("total ") for line in lines)
    assert result.stderr == "\nproxy.yaml is valid.\n"


def test_what_check_shows_is_yaml(tmp_path: Path) -> None:
    """Its first part can be read back as the same values."""
    (tmp_path / "proxy.yaml").write_text(BOTH + "routes: [{name: a, path: /a, methods: [GET]}]\n")
    shown = run("check", "-c", "proxy.yaml", cwd=tmp_path).stdout.partition("\nMemory")[0]
    document = yaml.safe_load(shown)
    assert document["legacy"]["url"] == "http://127.0.0.1:9001"
    assert document["routes"] == [{"name": "a", "path": "/a", "methods": ["GET"]}]
    assert document["shadow"]["methods"] == ["GET", "HEAD", "OPTIONS"]


def test_check_never_shows_the_stores_password(tmp_path: Path) -> None:
    """It is part of the URL, and masked there."""
    store = "postgresql://shop:hunter2@db/report"
    (tmp_path / "proxy.yaml").write_text(BOTH + f"report: {{store: '{store}'}}\n")
    result = run("check", "-c", "proxy.yaml", cwd=tmp_path)
    assert "hunter2" not in result.stdout + result.stderr
    assert "postgresql://shop:" in result.stdout


def test_terminal_escapes_in_a_file_stay_there(tmp_path: Path) -> None:
    """Neither a file's name nor its text nor the environment reaches the terminal raw."""
    name = "\x1b[31mred.yaml"
    (tmp_path / name).write_text(
        '"\\e[2J": 1\nlegacy: {url: "\\e]0;x\\a"}\nlog: {level: "\\u202e"}\n'
    )
    result = run("check", "-c", name, cwd=tmp_path, environ={"SHADOWPROXY__\x1bX": "1"})
    assert result.returncode == 2
    assert all(line.isprintable() for line in result.stderr.splitlines())
    assert "\\x1b[31mred.yaml:1:1: \\x1b[2J: unknown key" in result.stderr


def test_the_files_own_folder_is_where_relative_names_start(tmp_path: Path) -> None:
    """Wherever the command runs."""
    (tmp_path / "secret").write_text("t0ken")
    file = tmp_path / "proxy.yaml"
    file.write_text(BOTH + "admin: {token: '${file:secret}'}\n")
    assert run("check", "-c", str(file)).returncode == 0


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=2))
def test_no_text_gives_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sets: list[str]
) -> None:
    """Any file, any override: 0 or 2, and printable lines."""
    file = tmp_path / "any.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    overrides = [part for item in sets for part in ("--set", item)]
    assert main(["check", "-c", str(file), *overrides]) in (0, 2)
    assert all(line.isprintable() for line in capsys.readouterr().err.split("\n"))


def test_the_console_script_is_the_same() -> None:
    """`shadowproxy` calls `main`, which returns the exit code."""
    assert main(["--version"]) == 0
    assert main(["check"]) == 2

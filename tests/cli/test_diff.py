"""`shadowproxy diff`: two stored answers, compared by the configured rules."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shadowproxy.cli import cli
from shadowproxy.cli.ending import Ending
from tests.cli.commands import run

LEGACY = '{"items": [{"id": 1, "price": 10.00}], "name": "the quick brown fox", "old": null}'
CANDIDATE = '{"items": [{"id": 1, "price": 12.50}], "name": "the quick red fox", "new": [1, 2]}'


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where legacy.json and candidate.json are, and where we are."""
    (tmp_path / "legacy.json").write_text(LEGACY)
    (tmp_path / "candidate.json").write_text(CANDIDATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def diff(*arguments: str, given: str | bytes = "") -> Result:
    """The command in this process; ConfigErrors and Endings come through as exceptions."""
    return CliRunner().invoke(cli, ["diff", *arguments], input=given, standalone_mode=False)


def document(*arguments: str, given: str | bytes = "") -> Any:
    """What it says as JSON, with every digit."""
    result = diff(*arguments, "--format", "json", given=given)
    assert result.exception is None, result.exception
    return json.loads(result.stdout, parse_float=Decimal)


def places(*arguments: str, given: str | bytes = "") -> list[tuple[str, str]]:
    """(path, kind) of what it finds."""
    found = document(*arguments, given=given)
    return sorted((each["path"], each["kind"]) for each in found["differences"])


def of(folder: Path, legacy: str | bytes, candidate: str | bytes) -> tuple[str, str]:
    """Two files without a name that says anything."""
    names = []
    for name, content in (("a", legacy), ("b", candidate)):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        names.append(name)
    return names[0], names[1]


def test_the_exit_code_says_it(folder: Path) -> None:
    """0 they match, 1 they differ, 2 the question was wrong; never a traceback."""
    same = run("diff", "legacy.json", "-", given=LEGACY, cwd=folder)
    assert (same.returncode, same.stdout, same.stderr) == (0, "match: no differences\n", "")
    other = run("diff", "legacy.json", "candidate.json", cwd=folder)
    assert (other.returncode, other.stderr) == (1, "")
    gone = run("diff", "legacy.json", "gone.json", cwd=folder)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert gone.stderr == "cannot read gone.json: No such file or directory\n"


def test_what_people_read(folder: Path) -> None:
    """A block for each difference: where, how, both values; then the sums; nothing to strip."""
    result = run("diff", "legacy.json", "candidate.json", cwd=folder)
    blocks = result.stdout.split("\n\n")
    assert "$.items[0].price  changed\n  - 10.00\n  + 12.50" in blocks
    assert '$.name  changed\n  - "the quick brown fox"\n  + "the quick red fox"' in blocks
    assert "$.old  removed  legacy alone has it\n  - null" in blocks
    assert "$.new  added  candidate alone has it\n  + [1, 2]" in blocks
    assert blocks[-1] == "mismatch: 4 differences (2 changed, 1 removed, 1 added)\n"
    assert all(line == line.rstrip() and len(line) <= 80 for line in result.stdout.splitlines())


def test_changed_words_stand_out_where_there_is_colour(folder: Path) -> None:
    """And nothing is coloured where it is not wanted."""
    coloured = run(
        "diff", "legacy.json", "candidate.json", cwd=folder, environ={"FORCE_COLOR": "1"}
    )
    assert "\x1b[1;7;31mbrown\x1b[0m" in coloured.stdout
    assert "\x1b[1;7;32mred\x1b[0m" in coloured.stdout
    plain = run(
        *("diff", "legacy.json", "candidate.json"), cwd=folder,
        environ={"FORCE_COLOR": "1", "NO_COLOR": "1"},
    )  # fmt: skip
    assert "31m" not in plain.stdout
    assert "32m" not in plain.stdout


def test_nothing_in_an_answer_acts_on_the_terminal(folder: Path) -> None:
    """Not in values, names, header fields, reasons of rules, or names of files."""
    evil = "\x1b]0;x\x07\x1b[2J\u202e\x9b"
    names = of(folder, json.dumps({evil: evil}), json.dumps({evil: "b"}, ensure_ascii=False))
    for form in ("text", "json", "patch"):
        result = run("diff", *names, "--format", form, cwd=folder)
        assert result.returncode == 1
        assert all(character.isprintable() or character == "\n" for character in result.stdout)
    head = f"HTTP/1.1 200 OK\nX-A: {evil}\nContent-Type: text/plain\n\na"
    result = run("diff", *of(folder, head, head.replace("X-A: ", "X-A: b")), cwd=folder)
    assert "header x-a  changed" in result.stdout
    assert all(character.isprintable() or character == "\n" for character in result.stdout)
    result = run("diff", "a", "gone\x1b[2J", cwd=folder)
    assert result.stderr == "cannot read gone\\x1b[2J: No such file or directory\n"


def test_long_values_are_cut(folder: Path) -> None:
    """Three lines of each, around what differs."""
    long = [f"word{number}" for number in range(1000)]
    names = of(
        folder, json.dumps([" ".join(long), {}]), json.dumps([" ".join(long) + "!", {"a": long}])
    )
    result = run("diff", *names, cwd=folder)
    assert "word999!" in result.stdout
    assert "word0 " not in result.stdout
    assert len(result.stdout) < 1200


def test_json_is_one_document(folder: Path) -> None:
    """With what was found, and each rule with what it hid; a side without a value has no member."""
    found = document(
        *("legacy.json", "candidate.json", "--rule", "{path: $.name, ignore: true}"),
        *("--rule", "{path: $.nothing, ignore: true}"),
    )
    assert (found["verdict"], found["reason"], found["truncated"]) == ("mismatch", "", False)
    assert {each["path"]: each for each in found["differences"]} == {
        "/items/0/price": {
            "path": "/items/0/price", "kind": "changed",
            "legacy": Decimal("10.00"), "candidate": Decimal("12.50"),
        },
        "/old": {"path": "/old", "kind": "removed", "legacy": None},
        "/new": {"path": "/new", "kind": "added", "candidate": [1, 2]},
    }  # fmt: skip
    assert found["rules"] == [
        {"rule": {"path": "$.name", "ignore": True}, "hits": 1},
        {"rule": {"path": "$.nothing", "ignore": True}, "hits": 0},
    ]


def test_json_has_every_digit(folder: Path) -> None:
    """Numbers that no double holds are numbers still."""
    legacy, candidate = '{"a": 1e400, "b": 12345678901234567890123}', '{"a": 2e400, "b": 0.1}'
    result = diff(*of(folder, legacy, candidate), "--format", "json")
    assert '"legacy": 1E+400, "candidate": 2E+400' in result.stdout
    assert '"legacy": 12345678901234567890123, "candidate": 0.1' in result.stdout


def test_a_patch_makes_the_candidates_body(folder: Path) -> None:
    """RFC 6902: a list of operations, empty when nothing differs."""
    result = diff("legacy.json", "candidate.json", "--format", "patch")
    assert result.return_value == 1
    operations = json.loads(result.stdout)
    assert {"op": "replace", "path": "/name", "value": "the quick red fox"} in operations
    assert {"op": "remove", "path": "/old"} in operations
    assert {"op": "add", "path": "/new", "value": [1, 2]} in operations
    same = diff("legacy.json", "legacy.json", "--format", "patch")
    assert (same.return_value, same.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("legacy", "candidate", "why"),
    [
        (b"\0\1", b"\0\2", "the bodies are not two documents of one format (opaque)"),
        (b"", b"{}", "the bodies are not two documents of one format (format)"),
        (b"{}", b"{", "the bodies are not two documents of one format (json)"),
        (b"[" + b"1," * 250_000 + b"1]", b"[]", "a body is more than can be looked at (nodes)"),
    ],
)
def test_where_no_patch_can_be_made_it_says_why(
    folder: Path, legacy: bytes, candidate: bytes, why: str
) -> None:
    """On standard error, with what to try instead; bodies that are equal need no operation."""
    names = of(folder, legacy, candidate)
    error = diff(*names, "--format", "patch").exception
    assert isinstance(error, Ending)
    assert error.code == 2
    assert error.message.startswith(f"cannot make a patch: {why}; --format text shows")
    same = diff(names[0], names[0], "--format", "patch")
    assert (same.return_value, same.stdout) == (0, "[]\n")


def test_bytes_are_told_by_their_number(folder: Path) -> None:
    """Nothing is shown of what nobody decoded, and no name of our own."""
    names = of(folder, b"\xff\0", b"\xff\0\1")
    assert "  - 2 bytes\n  + 3 bytes\n" in diff(*names).stdout
    (found,) = document(*names)["differences"]
    assert (found["legacy"], found["candidate"]) == ("2 bytes", "3 bytes")


def test_streams_that_cannot_be_used_are_told(folder: Path) -> None:
    """A closed standard input, a full disk: one line each."""
    command = f"{sys.executable} -m shadowproxy diff legacy.json"
    for tail, said in (
        ("- <&-", "cannot read <stdin>: it is closed\n"),
        ("candidate.json >/dev/full", "cannot write standard output: No space left on device\n"),
        (
            "candidate.json --format json >/dev/full",
            "cannot write standard output: No space left on device\n",
        ),
    ):
        done = subprocess.run(
            f"{command} {tail}", shell=True, cwd=folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (2, said)


CONFIGURATION = """\
compare:
  rules:
    - {path: $..price, numbers: {rel: 50%}, reason: rounding}
  endpoints:
    "GET /things":
      - {path: $.name, ignore: true}
      - {path: $.old, null: missing}
"""


def test_rules_are_tried(folder: Path) -> None:
    """A file needs no backends; rules for an endpoint hold for it alone; each tells what it hid."""
    (folder / "rules.yaml").write_text(CONFIGURATION)
    both = ("legacy.json", "candidate.json", "-c", "rules.yaml")
    assert places(*both) == [("/name", "changed"), ("/new", "added"), ("/old", "removed")]
    assert places(*both, "--endpoint", "GET /things") == [("/new", "added")]
    result = diff(*both, "--endpoint", "GET /things", "--rule", "{path: $.nope, class: hex}")
    assert "hidden by rules: 3\n" in result.stdout
    assert "     1  $..price  numbers: {rel: 0.5}  (rounding)\n" in result.stdout
    assert "     1  $.name  ignore: true\n" in result.stdout
    assert "rules that hid nothing: 1 of 4\n" in result.stdout
    all_hidden = diff(*both, "--endpoint", "GET /things", "--rule", "{path: $.new, ignore: true}")
    assert all_hidden.return_value == 0
    assert all_hidden.stdout.startswith("match: no differences\nhidden by rules: 4\n")


def test_a_misspelt_endpoint_is_told(folder: Path) -> None:
    """It would look like rules without effect."""
    (folder / "rules.yaml").write_text(CONFIGURATION)
    result = run("diff", "legacy.json", "candidate.json", "-c", "rules.yaml",
                 "--endpoint", "GET /thing", cwd=folder)  # fmt: skip
    assert result.stderr == "no rules for the endpoint GET /thing; there are some for GET /things\n"


def test_an_expired_rule_is_told_and_hides_nothing(folder: Path) -> None:
    """As it does in the proxy."""
    rule = "{path: $.name, ignore: true, expires: 2020-01-01}"
    result = run("diff", "legacy.json", "candidate.json", "--rule", rule, cwd=folder)
    assert "--rule:1:39: compare.rules.0.expires: the rule has expired" in result.stderr
    assert "$.name  changed" in result.stdout


def test_settings_beat_the_file(folder: Path) -> None:
    """`--set` as everywhere, of the section that is looked at."""
    names = of(folder, "[1, 2]", "[2, 1]")
    assert places(*names) == [("", "order")]
    assert places(*names, "--set", "compare.defaults.arrays=index") == [
        ("/0", "changed"), ("/1", "changed"),
    ]  # fmt: skip


def test_mistakes_of_rules_have_their_place(folder: Path) -> None:
    """In the file and in what was given, all at once."""
    (folder / "rules.yaml").write_text("compare: {rules: [{path: a, ignore: true}]}\n")
    result = run("diff", "legacy.json", "-", "-c", "rules.yaml", "--rule", "{path: $.a, replace: ['(', x]}",
                 cwd=folder)  # fmt: skip
    assert (result.returncode, result.stdout) == (2, "")
    assert [line.partition(": expected")[0] for line in result.stderr.splitlines()] == [
        "rules.yaml:1:26: compare.rules.0.path",
        "--rule:1:23: compare.rules.1.replace.0",
    ]


RESPONSE = """\
HTTP/1.1 {status}
Content-Type: application/json
Content-Length: 8
Date: Mon, 23 Nov 2026 10:00:00 GMT
Vary: {vary}

{body}"""


def response(status: str = "200 OK", vary: str = "a", body: str = '{"a": 1}') -> str:
    return RESPONSE.format(status=status, vary=vary, body=body)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_whole_responses_are_compared(folder: Path, ends: str) -> None:
    """What begins like a response is one: status, header fields, body."""
    legacy = response().replace("\n", ends)
    for candidate, expected in (
        (response(), []),
        (response("201 Created"), [("#status", "status")]),
        (response(vary="b"), [("#header/vary", "changed")]),
        (response(body='{"a": 2}'), [("/a", "changed")]),
        ("HTTP/1.1 103 Early Hints\nLink: x\n\n" + response(), []),
        (response().replace("HTTP/1.1", "HTTP/2"), []),
    ):
        assert places(*of(folder, legacy, candidate.replace("\n", ends))) == expected
    rule = "{header: Vary, ignore: true}"
    assert places(*of(folder, legacy, response(vary="b")), "--rule", rule) == []


def test_heads_without_end_or_without_form(folder: Path) -> None:
    """A head alone is a response without a body; what is no field is told with its line."""
    assert places(*of(folder, "HTTP/1.1 204 No Content", "HTTP/1.1 204 No Content\n\n")) == []
    names = of(folder, "HTTP/1.1 200 OK\nA: 1\nnonsense\n\n", "{}")
    result = run("diff", *names, cwd=folder)
    assert (result.returncode, result.stderr) == (2, "a:3: not a header field (NAME: VALUE)\n")


def test_statuses_can_be_said(folder: Path) -> None:
    """They beat a head, and say when rules hold."""
    names = of(folder, '{"a": 1}', '{"a": 2}')
    assert places(*names, "--candidate-status", "404", "--status", "410") == [
        ("#status", "status"), ("/a", "changed"),
    ]  # fmt: skip
    rule = "{path: $.a, ignore: true, when: {status: 404}}"
    assert places(*names, "--rule", rule) == [("/a", "changed")]
    assert places(*names, "--rule", rule, "--status", "404") == []


@pytest.mark.parametrize(
    ("legacy", "candidate", "more", "expected"),
    [
        ("1", "1.0", [], []),
        ("a b\nc", "a b\nd", [], [("/1", "changed")]),
        ("{", "{}", [], [("", "changed")]),
        ("{}", "{", [], [("", "invalid")]),
        ("<a>1</a>", "<a >2</a>", ["--content-type", "application/xml"], [("/a/#text", "changed")]),
        ("a,b\n1,2\n", "a,b\n1,3\n", ["--content-type", "text/csv"], [("/0/b", "changed")]),
        (b"\xff\x00", b"\xff\x01", [], [("", "raw")]),
        ("", "{}", [], [("", "empty")]),
        ("", "", [], []),
    ],
)  # fmt: skip
def test_what_a_body_is_taken_for(
    folder: Path, legacy: str | bytes, candidate: str | bytes, more: list[str],
    expected: list[tuple[str, str]],
) -> None:  # fmt: skip
    """JSON if legacy's parses, text if it is UTF-8, else bytes; unless it is said."""
    found = places(*of(folder, legacy, candidate), *more)
    assert [kind for _, kind in found] == [kind for _, kind in expected]


def test_names_say_what_bodies_are(folder: Path) -> None:
    """But two names never make two media types; a head's does."""
    (folder / "a.xml").write_text("<a b='1' c='2'/>")
    (folder / "b.txt").write_text('<a c="2" b="1"></a>')
    assert places("a.xml", "b.txt") == []
    (folder / "c.http").write_text(
        'HTTP/1.1 200 OK\nContent-Type: text/html\n\n<a c="2" b="1"></a>'
    )
    assert places("b.txt", "c.http") == []


def test_what_could_not_be_looked_at_is_no_match(folder: Path) -> None:
    """1, with the reason."""
    names = of(folder, "[" * 900_000, "[" * 900_000 + " ")
    result = diff(*names, "--content-type", "application/json")
    assert result.return_value == 1
    assert "match: no differences" not in result.stdout.replace("mismatch", "")
    names = of(folder, "[" + "1," * 250_000 + "1]", "[]")
    assert "not everything was looked at: the bodies have more values than" in diff(*names).stdout


def test_files_are_bounded(folder: Path) -> None:
    """What the judge would not look at is refused."""
    with (folder / "large").open("wb") as file:
        file.truncate((64 << 20) + 1)
    result = run("diff", "legacy.json", "large", cwd=folder)
    assert (result.returncode, result.stderr) == (2, "large is larger than 64 MiB\n")

"""Finding the documented template of a path."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings import documented
from shadowproxy.findings.documented import DocumentedTemplates

LINES = [
    "GET /pets/{id}", "GET /pets/mine", "DELETE /pets/{id}", "GET /pets/{id}/toys/{toy}",
    "GET /{kind}/mine/all", "GET /pets/mine/{what}", "GET /files/{name}.json", "GET /files/{name}",
    "GET /diff/{a}-{b}", "GET /diff/{a}-{b}.txt", "GET /", "GET /a%20b/{x}", "GET /caf%C3%A9",
    "GET /dir/", "GET /x{y}z{z}",
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/pets/42", "GET /pets/{id}"),
        ("GET", "/pets/mine?x=/y", "GET /pets/mine"),
        ("DELETE", "/pets/mine", "DELETE /pets/{id}"),
        ("PUT", "/pets/42", None),
        ("HEAD", "/pets/42", "HEAD /pets/{id}"),
        ("OPTIONS", "/pets/mine", "OPTIONS /pets/mine"),
        ("GET", "/pets/42/toys/ball", "GET /pets/{id}/toys/{toy}"),
        ("GET", "/pets/42/toys", None),
        ("GET", "/pets/mine/all", "GET /pets/mine/{what}"),
        ("GET", "/cats/mine/all", "GET /{kind}/mine/all"),
        ("GET", "/files/a.json", "GET /files/{name}.json"),
        ("GET", "/files/.json", "GET /files/{name}"),
        ("GET", "/files/a.txt", "GET /files/{name}"),
        ("GET", "/diff/v1-v2", "GET /diff/{a}-{b}"),
        ("GET", "/diff/v1-v2.txt", "GET /diff/{a}-{b}.txt"),
        ("GET", "/diff/-v2", None),
        ("GET", "/diff/v1-", None),
        ("GET", "/xAzB", "GET /x{y}z{z}"),
        ("GET", "/xzB", None),
        ("GET", "/", "GET /"),
        ("GET", "", "GET /"),
        ("GET", "/a%20b/1", "GET /a%20b/{x}"),
        ("GET", "/caf\xc3\xa9", "GET /caf%C3%A9"),
        ("GET", "//pets/./x/../%34", "GET /pets/{id}"),
        ("GET", "http://host/pets/42", "GET /pets/{id}"),
        ("GET", "/dir/", "GET /dir/"),
        ("GET", "/dir", None),
        ("GET", "/pets/", None),
        ("GET", "/nothing", None),
    ],
)
def test_a_path_has_its_template(method: str, target: str, expected: str | None) -> None:
    """Concrete beats templated; gaps are never empty; the method counts; paths are resolved."""
    known = DocumentedTemplates(LINES)
    assert known.match(method, target) == expected
    assert known.match(method, target) == expected


names = st.from_regex(r"[a-c]{1,2}", fullmatch=True)
templates = st.lists(names | st.just("{x}"), min_size=1, max_size=4).map(
    lambda parts: "GET /" + "/".join(parts)
)


@pytest.mark.slow
@given(st.lists(templates, max_size=12), st.lists(names, min_size=1, max_size=4))
def test_the_leftmost_concrete_template_wins(lines: list[str], path: list[str]) -> None:
    """Of all templates that a path has, it is the first when `{` sorts after letters."""

    def has(line: str) -> bool:
        parts = line[5:].split("/")
        pairs = zip(parts, path, strict=False)
        return len(parts) == len(path) and all(one in ("{x}", other) for one, other in pairs)

    expected = min(filter(has, lines), key=lambda line: line.split("/"), default=None)
    assert DocumentedTemplates(lines).match("GET", "/" + "/".join(path)) == expected


@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=5), st.text(max_size=40))
def test_any_lines_and_any_path_are_taken(lines: list[str], method: str, path: str) -> None:
    """Nothing raises; what is found is one of the lines."""
    assert DocumentedTemplates(lines).match(method, path) in (None, *lines)


@pytest.mark.slow
def test_a_hostile_path_is_not_expensive() -> None:
    """Patterns that would make an expression backtrack for hours take a pass each."""
    known = DocumentedTemplates(
        ["GET /" + "{a}-" * 30 + "x/{b}", *(f"GET /{{a}}-{n}" for n in range(1000))]
    )
    started = time.process_time()
    assert known.match("GET", "/" + "-a" * 20_000) is None
    assert time.process_time() - started < 0.5


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory begins anew when it is full, and long paths are not in it."""
    monkeypatch.setattr(documented, "MAX_REMEMBERED", 4)
    known = DocumentedTemplates(LINES)
    for number in range(50):
        assert known.match("GET", f"/pets/{number}") == "GET /pets/{id}"
        assert len(known._remembered) <= 4
    before = dict(known._remembered)
    assert known.match("GET", "/pets/" + "a" * 300) == "GET /pets/{id}"
    assert known._remembered == before

"""From the tree to the models; what the models refuse becomes problems with positions."""

import difflib
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shadowproxy.config.model import FileSection
from shadowproxy.config.nodes import KeyPath, Mapping, Origin, key_text, origin_of, steps, to_plain
from shadowproxy.config.problems import MAX_PROBLEMS, Problem
from shadowproxy.config.sections import Section

_TAGS: Final = frozenset({"<word>", "<mapping>", "<list>", "<pair>", "[key]"})
"""Of alternatives, and of a mapping's keys: parts of pydantic's path that are none of ours."""


def validate(
    tree: Mapping, unresolved: set[KeyPath], problems: list[Problem]
) -> tuple[FileSection, set[KeyPath]]:
    """The file as far as it is valid, and the places that were left out because they are not.

    What stands in the other places is worth examining further, so that every mistake is reported
    at once. `unresolved` are values that could not be interpolated: left out, and not complained
    about a second time.
    """
    document = to_plain(tree)
    assert isinstance(document, dict)
    broken = {_place(path) for path in unresolved}
    known = tuple(broken | unresolved)
    is_first = True
    while True:
        for place in broken:
            _leave_out(document, place)
        try:
            return FileSection.model_validate(_without_gaps(document)), broken
        except ValidationError as error:
            details = _without_echoes(error.errors(include_url=False, include_input=False))
        for detail in details:
            path = _path(detail)
            if is_first:
                is_told = len(problems) > MAX_PROBLEMS
                if not is_told and not any(path[: len(gone)] == gone for gone in known):
                    problems.append(_problem(tree, path, detail))
                if detail["type"] == "missing":
                    path = path[:-1]
            broken.add(_place(path) if is_first else path[:1])
        is_first = False


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list is not too short because its items are wrong."""
    inside = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return [
        detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in inside
    ]


def _place(path: KeyPath) -> KeyPath:
    """What is left out for a mistake at `path`: the value, the route, or the list that it is in."""
    if path[:1] == ("routes",):
        return path[:2]
    before_list = next((at for at, part in enumerate(path) if isinstance(part, int)), len(path))
    return path[:before_list]


def _leave_out(document: dict[str, Any], place: KeyPath) -> None:
    inside: Any = document
    for part in place[:-1]:
        inside = inside.get(part) if isinstance(inside, dict) else inside
    last = place[-1]
    if isinstance(inside, dict):
        inside.pop(last, None)
    elif isinstance(inside, list) and isinstance(last, int):
        inside[last] = None


def _without_gaps(document: dict[str, Any]) -> dict[str, Any]:
    routes = document.get("routes")
    if not isinstance(routes, list):
        return document
    return document | {"routes": [route for route in routes if route is not None]}


def _path(detail: ErrorDetails) -> KeyPath:
    return tuple(part for part in detail["loc"] if part not in _TAGS)


def _problem(tree: Mapping, path: KeyPath, detail: ErrorDetails) -> Problem:
    kind = detail["type"]
    origin = origin_of(tree, *path)
    if kind == "extra_forbidden":
        origin = _key_origin(tree, path)
        message = _unknown(path)
    elif kind == "missing":
        message = "is required"
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        message = f"expected a mapping{_example(path)}"
    elif kind in ("list_type", "tuple_type"):
        message = "expected a list, such as [a, b]"
    elif kind == "too_short":
        message = "expected at least one"
    elif kind == "too_long":
        message = f"expected at most {detail['ctx']['max_length']:,}"
    else:
        message = detail["msg"]
    if detail["loc"][-1:] == ("[key]",):
        origin = _key_origin(tree, path)
    return Problem(origin.where, key_text(path), message, origin.rank)


def _key_origin(tree: Mapping, path: KeyPath) -> Origin:
    walked = list(steps(tree, path))
    return walked[-1][2] if len(walked) == len(path) else origin_of(tree, *path)


def _example(path: KeyPath) -> str:
    if path in (("legacy",), ("candidate",), ("secondary",)):
        return ", such as {url: http://127.0.0.1:9001}"
    return " (key: value)"


def _unknown(path: KeyPath) -> str:
    known = sorted({name for section in _sections_at(path[:-1]) for name in _names(section)})
    name = str(path[-1])
    close = difflib.get_close_matches(name.lower().replace("-", "_"), known, 1, 0.6)
    if close:
        return f"unknown key; did you mean {close[0]}?"
    elsewhere = [key for key in all_keys() if key.rpartition(".")[2] == name]
    if elsewhere:
        return f"unknown key here; did you mean {elsewhere[0]}?"
    return f"unknown key; known are {', '.join(known)}" if known else "unknown key"


def _names(section: type[Section]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield field.alias or name


def _sections_at(path: KeyPath) -> list[type[Section]]:
    found: list[type[Section]] = [FileSection]
    for part in path:
        annotations = [
            field.annotation
            for section in found
            for name, field in section.model_fields.items()
            if (field.alias or name) == part
        ]
        if annotations:
            found = [section for each in annotations for section in _sections_in(each)]
    return found


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)


def all_keys(section: type[Section] = FileSection, prefix: str = "") -> Iterator[str]:
    """Every key of the file, dotted, outer ones first; those inside lists without a number."""
    inner: list[tuple[type[Section], str]] = []
    for name, field in section.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key
        inner += [(found, f"{key}.") for found in _sections_in(field.annotation)]
    for found, start in inner:
        yield from all_keys(found, start)

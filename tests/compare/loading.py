"""Reads pairs that are written down as data; the format is the `spec` block of diff_cases.json."""

import base64
import json
from pathlib import Path
from typing import Any

from shadowproxy.compare import Comparison, Observation, Rules, compare, response

HERE = Path(__file__).parent


def load(name: str) -> Any:
    """A data file of this folder."""
    return json.loads((HERE / name).read_bytes())


def observation(case: dict[str, Any], name: str) -> Observation:
    """One side of a case: a string is a body, an object says more."""
    side = case[name] if isinstance(case[name], dict) else {"text": case[name]}
    fields = [tuple(pair) for pair in side.get("headers", ())]
    if coding := side.get("content_encoding"):
        fields.append(("Content-Encoding", coding))
    content_type = side.get("content_type", case.get("content_type"))
    return response(_body(side), content_type, side.get("status", 200), fields)


def compared(case: dict[str, Any]) -> Comparison:
    """What the comparer makes of a case."""
    legacy, candidate = observation(case, "legacy"), observation(case, "candidate")
    return compare(legacy, candidate, Rules.of(case["rules"]))


def places(comparison: Comparison) -> list[tuple[str, str]]:
    """(path, kind) of every difference, sorted."""
    return sorted((each.path, str(each.kind)) for each in comparison.differences)


def expected_places(case: dict[str, Any]) -> list[tuple[str, str]]:
    """(path, kind) of every difference that is written down, sorted."""
    return sorted((each["path"], each["kind"]) for each in case["expected"])


def _body(side: dict[str, Any]) -> bytes:
    if "b64" in side:
        return base64.b64decode(side["b64"], validate=True)
    text = _generated(side["gen"]) if "gen" in side else side["text"]
    body: bytes = text.encode(side.get("text_charset", "utf-8"))
    return body


def _generated(gen: dict[str, Any]) -> str:
    match gen["kind"]:
        case "nest":
            return "[" * int(gen["depth"]) + str(gen["leaf"]) + "]" * int(gen["depth"])
        case "nestobj":
            return '{"a":' * int(gen["depth"]) + str(gen["leaf"]) + "}" * int(gen["depth"])
        case "repeat":
            return str(gen["text"]) * int(gen["n"])
        case "array":
            items = [gen["item"]] * gen["n"]
            for index, value in gen.get("set", {}).items():
                items[int(index)] = value
            return json.dumps(items)
        case "records":
            return json.dumps(_records(gen))
        case unknown:
            raise ValueError(unknown)


def _records(gen: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"id": i, "v": i * 7 % 1000, "s": f"row {i}"} for i in range(gen["n"])
    ]
    for index, members in gen.get("patch", {}).items():
        rows[int(index)].update(members)
    return [gen["insert0"], *rows] if "insert0" in gen else rows

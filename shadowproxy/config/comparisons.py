"""Checks of how answers are compared and what is learned: rules, files they refer to, noise."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from shadowproxy.config.descriptions import (
    DescriptionError,
    as_text,
    is_message_of,
    read_description,
    read_descriptors,
)
from shadowproxy.config.escaping import printable
from shadowproxy.config.examining import Examination
from shadowproxy.config.nodes import KeyPath
from shadowproxy.config.rules import MAX_RULES, RuleSection

_OPENAPI: Final = ("compare", "openapi")
_DESCRIPTORS: Final = ("compare", "protobuf", "descriptor_set")


def rules_are_in_force(found: Examination) -> None:
    """Not more than the judge has room for; what has expired is said."""
    rules = list(_rules(found))
    if len(rules) > MAX_RULES:
        found.refuse(("compare",), f"expected at most {MAX_RULES:,} rules in all")
    for path, rule in rules:
        if rule.expires and date.fromisoformat(rule.expires) < found.today:
            found.warn((*path, "expires"), "the rule has expired and is not in force")


def _rules(found: Examination) -> Iterator[tuple[KeyPath, RuleSection]]:
    compare = found.file.compare
    for index, rule in enumerate(compare.rules):
        yield ("compare", "rules", index), rule
    for endpoint, rules in compare.endpoints.items():
        for index, rule in enumerate(rules):
            yield ("compare", "endpoints", endpoint, index), rule


def api_description_is_usable(found: Examination) -> None:
    """Notes the endpoints that it names."""
    name = found.file.compare.openapi
    if not name or not found.is_sound(*_OPENAPI):
        return
    try:
        found.templates = read_description(name, found.sources)
    except DescriptionError as error:
        _refuse_file(found, _OPENAPI, name, error)
        return
    if not found.templates:
        found.warn(_OPENAPI, "names no endpoints")


def protobuf_types_are_usable(found: Examination) -> None:
    """Notes the descriptors; each message must be among them."""
    protobuf = found.file.compare.protobuf
    if protobuf is None or not found.is_sound("compare", "protobuf"):
        return
    try:
        descriptors = read_descriptors(protobuf.descriptor_set, found.sources)
    except DescriptionError as error:
        _refuse_file(found, _DESCRIPTORS, protobuf.descriptor_set, error)
        return
    found.descriptors = as_text(descriptors)
    unknown: dict[str, bool] = {}
    for endpoint, message in protobuf.messages.items():
        if not unknown.setdefault(message, is_message_of(descriptors, message)):
            sentence = (
                f"{printable(protobuf.descriptor_set)} does not hold {message} and all it is made"
                " of; it is to be what protoc --include_imports --descriptor_set_out=FILE writes"
            )
            found.refuse(("compare", "protobuf", "messages", endpoint), sentence)


def _refuse_file(found: Examination, key: KeyPath, name: str, error: DescriptionError) -> None:
    """A mistake in a file that the configuration names: where it is named, and where it is."""
    message, line = error.args
    where = f"{printable(name)}:{line}" if line else printable(name)
    found.refuse(key, f"{where}: {message}")


def noise_has_a_source(found: Examination) -> None:
    """Whoever is to be asked the second time exists, and whoever exists is asked."""
    if not (found.is_sound("noise", "source") and found.is_sound("secondary")):
        return
    source, secondary = found.file.noise.source, found.file.secondary
    if source == "secondary" and secondary is None:
        message = "there is none: add `secondary: {url: ...}`, or say `source: legacy`"
        found.refuse(("noise", "source"), message)
    elif secondary is not None and source in ("legacy", "off"):
        found.warn(("secondary",), f"is never asked: noise.source is {source}")


def noise_is_decided_once(found: Examination) -> None:
    """A place is pinned or refused, and named once."""
    if not (found.is_sound("noise", "pinned") and found.is_sound("noise", "refused")):
        return
    noise = found.file.noise
    seen: dict[tuple[str, str, str], str] = {}
    for name, places in (("pinned", noise.pinned), ("refused", noise.refused)):
        for index, place in enumerate(places):
            key = (place.endpoint, place.path, place.kind)
            first = seen.setdefault(key, f"noise.{name}.{index}")
            if first != f"noise.{name}.{index}":
                found.refuse(("noise", name, index), f"is the same as {first}")

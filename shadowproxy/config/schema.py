"""The JSON Schema of the file, for editors: what people write, not what it becomes."""

from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from shadowproxy.config.leaves import Leaf
from shadowproxy.config.model import FileSection
from shadowproxy.config.sections import Section

_EXPRESSION: Final = {"type": "string", "pattern": r"\$\{[^{}]+\}"}
"""Any single value may be put together from `${VAR}` or `${file:PATH}`."""
_NULL: Final = {"type": "null"}
_AS_THEY_ARE: Final = ("integer", "number", "boolean")

Json = dict[str, Any]


def json_schema() -> Json:
    """The schema, draft 2020-12."""
    definitions: dict[str, Json] = {}
    root = _section(FileSection, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "shadowproxy configuration",
        **root,
        "required": ["legacy"],
        "$defs": dict(sorted(definitions.items())),
    }


def _section(section: type[Section], definitions: dict[str, Json]) -> Json:
    fields = section.model_fields.items()
    schema: Json = {
        "type": "object",
        "description": (section.__doc__ or "").strip().partition("\n")[0],
        "additionalProperties": False,
        "properties": {
            field.alias or name: _property(field, definitions) for name, field in fields
        },
    }
    required = [field.alias or name for name, field in fields if field.is_required()]
    return schema | ({"required": required} if required else {})


def _property(field: FieldInfo, definitions: dict[str, Json]) -> Json:
    """A key's schema; null stands for the default everywhere."""
    value = _type(field.annotation, field.metadata, definitions)
    alternatives = value["anyOf"] if set(value) == {"anyOf"} else [value]
    schema: Json = {"anyOf": [*alternatives, _NULL]}
    if field.description:
        schema["description"] = field.description
    default = _default(field)
    return schema if default is None else schema | {"default": default}


def _type(annotation: Any, metadata: list[Any], definitions: dict[str, Json]) -> Json:
    leaf = next((item for item in metadata if isinstance(item, Leaf)), None)
    if leaf is not None:
        schema = dict(leaf.schema)
        return {"anyOf": [*schema.get("anyOf", [schema]), _EXPRESSION]}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], list(arguments[1:]), definitions)
    if origin is tuple:
        return _array(arguments, metadata, definitions)
    if origin is dict:
        keys, values = (_type(argument, [], definitions) for argument in arguments)
        return {"type": "object", "propertyNames": keys, "additionalProperties": values}
    if origin in (Union, UnionType):
        kinds = [item for item in arguments if item is not type(None)]
        schemas = [_type(item, [], definitions) for item in kinds]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return _reference(annotation, definitions)


def _array(arguments: tuple[Any, ...], metadata: list[Any], definitions: dict[str, Json]) -> Json:
    items = _type(arguments[0], [], definitions)
    array: Json = {"type": "array", "items": items}
    if arguments[-1] is not Ellipsis:
        return array | {"minItems": len(arguments), "maxItems": len(arguments)}
    takes_one = any(isinstance(item, BeforeValidator) for item in metadata)
    return {"anyOf": [*items["anyOf"], array | {"minItems": 1}]} if takes_one else array


def _reference(section: type[Section], definitions: dict[str, Json]) -> Json:
    name = section.__name__.removesuffix("Section")
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _section(section, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _default(field: FieldInfo) -> Any:
    """As it would be written; None when there is none worth telling."""
    value = field.default
    if field.is_required() or value in (None, "", ()) or isinstance(value, Section | dict):
        return None
    if isinstance(value, tuple):
        leaf = next((leaf for leaf in _leaves_in(field.annotation)), None)
        return [leaf.show(item) if leaf else item for item in value]
    leaf = next((item for item in field.metadata if isinstance(item, Leaf)), None)
    if leaf is None or leaf.schema.get("type") in _AS_THEY_ARE:
        return value
    return leaf.show(value)


def _leaves_in(annotation: Any) -> list[Leaf]:
    if isinstance(annotation, Leaf):
        return [annotation]
    return [leaf for argument in get_args(annotation) for leaf in _leaves_in(argument)]

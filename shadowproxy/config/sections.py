"""What sections of the file have in common: unknown keys are errors, null means not written."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from shadowproxy.config.nodes import Scalar


class Section(BaseModel):
    """A mapping with known keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        """A known key with nothing behind it has its default, as if it were commented out."""
        if isinstance(value, Scalar) and value.is_null:
            return {}
        if not isinstance(value, dict):
            return value
        known = {field.alias or name: field for name, field in cls.model_fields.items()}
        return {
            key: item
            for key, item in value.items()
            if not (isinstance(item, Scalar) and key in known and _is_null(item, known[key]))
        }


def _is_null(scalar: Scalar, field: FieldInfo) -> bool:
    """From the environment and flags, `null` takes a section back (`--set candidate=null`)."""
    if scalar.untyped and scalar.text == "null":
        kinds = get_args(field.annotation) or (field.annotation,)
        return any(isinstance(kind, type) and issubclass(kind, Section) for kind in kinds)
    return scalar.is_null

"""What sections of the file have in common: unknown keys are errors, null means not written."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

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
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {
            key: item
            for key, item in value.items()
            if not (isinstance(item, Scalar) and item.is_null and key in known)
        }

"""Models made of what other programs send: unknown fields are ignored, missing ones are named."""

from __future__ import annotations

from functools import wraps
from typing import Any, TypeVar

import attrs

from sessions.tracker._checks import ValidationError

Model = TypeVar("Model", bound=attrs.AttrsInstance)


def lenient(cls: type[Model]) -> type[Model]:
    """Class decorator for an attrs class with keyword-only fields."""
    changed: Any = cls
    strict = changed.__init__
    fields = attrs.fields_dict(cls)
    required = [name for name, field in fields.items() if field.default is attrs.NOTHING]

    @wraps(strict)
    def init(self: Model, **given: Any) -> None:
        missing = [name for name in required if name not in given]
        if missing:
            raise ValidationError(f"{cls.__name__}: field required: {', '.join(missing)}")
        strict(self, **{name: value for name, value in given.items() if name in fields})

    changed.__init__ = init
    return cls

"""Amounts written as people write them: `Steps` ("20ep", "500it") and pixel amounts ("8/255")."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_STEPS = re.compile(r"(\d+(?:\.\d+)?)\s*(ep|it)")
_RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True)
class Steps:
    """A length of training in epochs or iterations.

    >>> Steps.parse("20ep").iterations(per_epoch=50)
    1000
    >>> str(Steps.parse("500 it"))
    '500it'
    """

    count: float
    unit: Literal["ep", "it"]

    @classmethod
    def parse(cls, text: object) -> "Steps":
        """Read ``"20ep"`` or ``"500it"``; raises ValueError with the two spellings otherwise."""
        if isinstance(text, Steps):
            return text
        match = _STEPS.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not a length of training; write epochs as '20ep' or iterations as '500it'")
        count, unit = float(match[1]), match[2]
        if unit == "it":
            if count != int(count):
                raise ValueError(f"{text!r}: iterations come whole; write '{round(count)}it'")
            return cls(count, "it")
        return cls(count, "ep")

    def iterations(self, per_epoch: int) -> int:
        """The number of optimizer steps, given how many make an epoch (rounded half to even)."""
        return int(self.count) if self.unit == "it" else round(self.count * per_epoch)

    def __str__(self) -> str:
        return f"{self.count:g}{self.unit}"

    def __identity__(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


def ratio(value: object) -> object:
    """``"8/255"`` as the float it means; anything else unchanged, for the field to judge.

    >>> ratio("8/255") == 8 / 255
    True
    """
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) / float(match[2]) if match and float(match[2]) else value


Pixels = Annotated[float, BeforeValidator(ratio)]
"""An amount in pixel units, where images live in [0, 1]; ``"8/255"`` may be written as such."""

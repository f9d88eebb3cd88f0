"""Options and identity: a frozen model whose canonical JSON is its key.

What: `Spec` names the options of a thing; `option` declares one, with its help and bounds on the field; `key` turns a
spec and the keys of its inputs into a sha256. That one declaration feeds validation, ``--help``, the reference page
and the cache key.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path, PurePath
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from tombola.declared import OptionText
from tombola.errors import OptionError, near

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

REQUIRED: Any = ...
_ALWAYS = object()
_LARGEST: Final = (1 << 63) - 1
S = TypeVar("S", bound="Spec")


def option(
    default: Any = REQUIRED,
    help: str = "",  # noqa: A002  the word users know
    *,
    identity: bool = True,
    absent: object = _ALWAYS,
    **bounds: Any,
) -> Any:
    """A field of a `Spec` with its help and bounds.

    ``identity=False`` keeps the option out of the key (it changes how, not what). ``absent=VALUE`` is for an option
    added later: while it has that value it is left out of the key, so keys made before it existed stay as they were.
    """
    extra = {"identity": identity, "later": absent is not _ALWAYS}
    if absent is not _ALWAYS:
        extra["absent"] = absent  # type: ignore[assignment]  # any value the field can take
    return Field(default, description=help, json_schema_extra=extra, **bounds)  # type: ignore[arg-type]


class Spec(BaseModel):
    """Frozen, strict about unknown names, with an identity. ``VERSION`` changes when the same options mean new work."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        arbitrary_types_allowed=False,
        allow_inf_nan=False,
        defer_build=True,  # a command makes a few of the specs that it loads; validators of the others cost 0.2 s
    )

    VERSION: ClassVar[int] = 1

    @model_validator(mode="before")
    @classmethod
    def _options_without_a_name(cls, values: Any) -> Any:
        """``attack: {eps: 0.1}`` changes an option of the attack that is there by default."""
        if not isinstance(values, Mapping):
            return values
        fields = cls.model_fields
        return {name: _named(fields.get(name), v) if isinstance(v, Mapping) else v for name, v in values.items()}

    @model_validator(mode="after")
    def _numbers_of_64_bits(self) -> Self:
        """Seeds, counts and sizes end in programs that hold no larger ones."""
        for name, value in self.__dict__.items():
            if isinstance(value, int) and abs(value) > _LARGEST:
                raise ValueError(f"{name}: a whole number of more than 64 bits; the largest is {_LARGEST}")
        return self

    def identity(self) -> dict[str, Json]:
        """The options that decide the outcome, defaults included, as plain JSON."""
        found: dict[str, Json] = {"version": self.VERSION} if self.VERSION != 1 else {}
        for name, absent in _of_the_key(type(self)).items():
            value = getattr(self, name)
            if absent is _ALWAYS or value != absent:
                found[name] = plain(value)
        return found

    def replace(self, **changes: Any) -> Self:
        """The same spec with some options changed, validated again."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return build(type(self), {**values, **changes})

    def digest(self) -> str:
        """sha256 of the canonical identity."""
        return hashlib.sha256(canonical(self.identity()).encode()).hexdigest()


@cache
def _of_the_key(spec: type[Spec]) -> dict[str, object]:
    """The options that belong to an identity, each with the value that leaves it out; a plan asks for thousands."""
    found: dict[str, object] = {}
    for name, field in spec.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if extra.get("identity", True):
            found[name] = extra.get("absent") if extra.get("later") else _ALWAYS
    return found


def _named(field: FieldInfo | None, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mapping of options without a name, completed from the member that is the field's default."""
    if field is None or "name" in value or getattr(field.annotation, "family", 0) == 0:
        return value
    default = field.default
    if isinstance(default, str):
        return {"name": default, **value}
    if not isinstance(default, Spec):
        return value
    given = {option: getattr(default, option) for option in default.model_fields_set}
    return {"name": _title(type(default)), **given, **value}


def plain(value: object) -> Json:
    """``value`` as plain JSON; raises TypeError for a type without an identity rather than hashing its ``str``."""
    if value is None or isinstance(value, (bool, int, float, str)):  # a tuple is asked faster than a union
        return value
    if isinstance(value, Spec):
        return value.identity()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=canonical) if isinstance(value, set | frozenset) else items
    if callable(identity := getattr(value, "__identity__", None)):
        return plain(identity())
    raise TypeError(f"{type(value).__name__} has no identity: give it an __identity__ method that returns plain JSON")


def canonical(value: Json) -> str:
    """The one JSON text of a value: sorted names, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def key(stage: str, version: int, identity: Json, inputs: Sequence[str] = ()) -> str:
    """The key of a stage: sha256 over its name, version, identity and the keys of what it is made from."""
    text = canonical({"stage": stage, "version": version, "identity": identity, "inputs": list(inputs)})
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, remembered while its size and time stay as they are."""
    stat = path.stat()
    return _file_digest(path.resolve(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _file_digest(path: Path, size: int, changed: int) -> str:
    del size, changed  # part of the cache's key: a file that was replaced is read again
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def build(spec: type[S], options: Mapping[str, Any], subject: str = "") -> S:
    """``spec(**options)``, with every problem reported at once as an `OptionError`."""
    try:
        return spec(**options)
    except ValidationError as error:
        raise OptionError(subject or _title(spec), problems_of(error, spec)) from None


def problems_of(error: ValidationError, spec: type[Spec]) -> list[str]:
    """One sentence for each thing pydantic found wrong: where, what was given, what is allowed."""
    return [sentence for item in error.errors(include_url=False) for sentence in _sentences(item, spec)]


def _sentences(item: Any, spec: type[Spec]) -> list[str]:
    """Several when the thing that is wrong is an option with options of its own."""
    inner = item.get("ctx", {}).get("error")
    where = ".".join(str(part) for part in item["loc"]) or _title(spec)
    if isinstance(inner, OptionError):
        return [f"{where}: {inner.subject}: {problem}" for problem in inner.problems]
    return [_sentence(item, where, _holder(item["loc"], spec))]


def _sentence(item: Any, where: str, spec: type[Spec]) -> str:
    given = item.get("input")
    if item["type"] == "extra_forbidden":
        names = list(spec.model_fields)
        return (
            f"{where}: no such option{near(str(item['loc'][-1]), names)} (the options are {', '.join(names) or 'none'})"
        )
    if item["type"] == "missing":
        return f"{where}: is required; write {where}=..."
    message = str(item["msg"]).removeprefix("Value error, ")
    message = (
        message[:1].lower() + message[1:] if not isinstance(item.get("ctx", {}).get("error"), Exception) else message
    )
    if isinstance(given, Mapping):
        return f"{where}: {message}"
    return f"{where}={given!r}: {message}{_instead(item, given)}"


def _instead(item: Any, given: Any) -> str:
    """What to write for a part of one that was given in per cent, and for pixels that were given of 255."""
    most = item.get("ctx", {}).get("lt", item.get("ctx", {}).get("le"))
    text = str(given).strip()
    percent = text.endswith("%") and item["type"] == "float_parsing"
    if not (percent or most == 1) or not re.fullmatch(r"\d+(\.\d+)?%?", text):
        return ""
    part = float(text.removesuffix("%")) / 100
    return f"; for {text.removesuffix('%')} % write {part:g}" if part <= 1 else ""


def _holder(loc: Sequence[int | str], spec: type[Spec]) -> type[Spec]:
    """The spec that the last name of ``loc`` is, or should be, an option of."""
    for part in loc[:-1]:
        field = spec.model_fields.get(str(part))
        inner = None if field is None else _spec_in(field.annotation)
        if inner is None:
            return spec
        spec = inner
    return spec


def _spec_in(annotation: Any) -> type[Spec] | None:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next((found for part in get_args(annotation) if (found := _spec_in(part)) is not None), None)


def _title(spec: type[Spec]) -> str:
    return getattr(spec, "name", None) or spec.__name__


def options_of(spec: type[Spec]) -> list[OptionText]:
    """Every option of a spec: its name, type with bounds, default and help, as declared on the field."""
    return [
        OptionText(name, _kind(field), _default(field), field.description or "")
        for name, field in spec.model_fields.items()
    ]


def _kind(field: FieldInfo) -> str:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    bounds = [
        f"{signs[name]} {getattr(bound, name)}" for bound in field.metadata for name in signs if _has(bound, name)
    ]
    return " ".join([_type_name(field.annotation), *bounds])


def _has(bound: object, name: str) -> bool:
    return type(bound).__name__.lower() == name


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(_type_name(part) for part in get_args(annotation))
    if annotation is type(None):
        return "none"
    return getattr(annotation, "__name__", str(annotation)).lower()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    return canonical(plain(value)).strip('"')

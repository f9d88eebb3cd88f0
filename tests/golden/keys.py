"""What keys are made of, frozen: the identity of every member at its defaults and of every recipe, a key of each stage.

    python -m tests.golden.keys        writes them anew, once it is known that they should change

A member that needs options is frozen by what it declares: the defaults of the others.
"""

import json
from pathlib import Path
from typing import Final

from tests.study.toys import STUDY

from tombola.cli.families import PACKAGES, family
from tombola.fitting.fit import Fit
from tombola.fitting.presets import PRESETS
from tombola.registry import Member
from tombola.spec import Json, canonical, plain
from tombola.study.plan import Plan
from tombola.study.study import Study

HERE: Final = Path(__file__).parent
KEYS: Final = HERE / "keys.json"
IDENTITIES: Final = HERE / "identities.json"
NAMES: Final = [f"{kind}/{name}" for kind in PACKAGES for name in family(kind).names()]


def identities() -> dict[str, Json]:
    """By member, as ``schemes/imp``, and by recipe, as ``fit/dac``."""
    recipes: dict[str, Json] = {f"fit/{name}": Fit(preset=name).identity() for name in PRESETS}
    return {**{name: identity(name) for name in NAMES}, "fit": Fit().identity(), **recipes}


def identity(name: str) -> Json:
    """The identity of the member ``kind/name`` with nothing set; where something must be, what it declares."""
    kind, _, own = name.partition("/")
    member = family(kind).get(own)
    if any(field.is_required() for field in member.model_fields.values()):
        return declared(member)
    found = family(kind).parse(own).identity()
    return as_read({name: value for name, value in found.items() if name != "content"})  # another Python's prose


def declared(member: type[Member]) -> dict[str, Json]:
    """The defaults of a member's options that count, with its version."""
    found: dict[str, Json] = {"name": member.name, "version": member.VERSION}
    for name, field in member.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if extra.get("identity", True):
            found[name] = "(required)" if field.is_required() else as_read(plain(field.default))
    return found


def keys() -> dict[str, str]:
    """The key of the first stage of each kind of a toy study."""
    found: dict[str, str] = {}
    for stage in Plan.of(Study.of(STUDY)).stages.values():
        found.setdefault(stage.STAGE, stage.key)
    return found


def as_read(value: Json) -> Json:
    """As JSON gives it back."""
    found: Json = json.loads(canonical(value))
    return found


def main() -> None:
    """Write both files."""
    KEYS.write_text(json.dumps(keys(), indent=1) + "\n", encoding="utf-8")
    lines = [f" {json.dumps(name)}: {canonical(value)}" for name, value in identities().items()]
    IDENTITIES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

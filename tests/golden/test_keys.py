"""No default changes by accident: every store made before would be of no use, or worse, would be used."""

import json
from typing import Any

import pytest
from tests.golden.keys import IDENTITIES, KEYS, NAMES, as_read, identity, keys

from tombola.fitting.fit import Fit
from tombola.fitting.presets import PRESETS
from tombola.spec import Json

FROZEN: dict[str, Any] = json.loads(IDENTITIES.read_text(encoding="utf-8"))
WHAT_TO_DO = (
    "If the same options mean new work, raise VERSION of what changed; if an option was added, give it absent=...; if a"
    " default is to change, keys are new: write a line into CHANGELOG.md that says so. For these, and for a new member,"
    " then write: python -m tests.golden.keys"
)


def require_frozen(name: str, found: Json) -> None:
    assert name in FROZEN, f"{name} is not frozen yet. Write: python -m tests.golden.keys"
    assert found == FROZEN[name], f"what keys say of {name} changed. {WHAT_TO_DO}"


@pytest.mark.parametrize("name", NAMES)
def test_the_identity_of_every_member_is_frozen(name: str) -> None:
    require_frozen(name, identity(name))


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_the_identity_of_every_recipe_is_frozen(preset: str | None) -> None:
    require_frozen("fit" if preset is None else f"fit/{preset}", as_read(Fit(preset=preset).identity()))


@pytest.mark.parametrize("kind", ["pretrain", "draw", "transfer", "measure"])
def test_the_key_of_every_stage_is_frozen(kind: str) -> None:
    assert keys()[kind] == json.loads(KEYS.read_text(encoding="utf-8"))[kind], (
        f"the key of {kind} changed, so every store made before is of no use. {WHAT_TO_DO}"
    )


def test_nothing_is_frozen_that_is_gone() -> None:
    known = {*NAMES, "fit", *(f"fit/{name}" for name in PRESETS)}
    assert set(FROZEN) <= known, f"a member or recipe went: {sorted(set(FROZEN) - known)}. {WHAT_TO_DO}"

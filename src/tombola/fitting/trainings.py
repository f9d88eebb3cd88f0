"""The trainings that a spec describes, and the precision they have."""

from collections.abc import Iterable, Iterator

from tombola.fitting.fit import Fit
from tombola.spec import Spec


def trainings(spec: Spec) -> Iterator[Fit]:
    """Every `Fit` of a spec; what is not of its own identity, such as a stage's inputs, is others'."""
    for name, field in type(spec).model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        value = getattr(spec, name)
        if isinstance(value, Fit):
            yield value
        elif isinstance(value, Spec) and extra.get("identity", True):
            yield from trainings(value)


def precision_of(specs: Iterable[Spec]) -> str:
    """``"float32"``, ``"bfloat16"`` or ``"bfloat16 and float32"``: of all trainings of these specs.

    All else, such as features, linear heads and measuring, is worked in float32 or better.
    """
    found = {fit.precision for spec in specs for fit in trainings(spec)}
    return " and ".join(sorted(found)) or "float32"

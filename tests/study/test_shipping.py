"""A study that ends in files and in times: planned with their machine in the key, run, copied out, reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.study.toys import STUDY
from typer.testing import CliRunner

from tombola.benching.asked import questions_of
from tombola.benching.machine import processor
from tombola.benching.numbers import Times
from tombola.benching.result import Measured, Result
from tombola.cli.main import app
from tombola.engines._base import Setting
from tombola.errors import OptionError
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.outcomes import Outcomes
from tombola.report.page import write_report
from tombola.study import shipping
from tombola.study.plan import Plan
from tombola.study.run import run, write_files
from tombola.study.shipping import BenchStage, ExportStage
from tombola.study.store import Store
from tombola.study.study import Study
from tombola.tasks._base import Task

SHORT: dict[str, Any] = {
    **STUDY,
    "pretrain": None,
    "axes": {},
    "draw": {"name": "omp", "sparsity": 0.5},
}


def stages(**changes: Any) -> list[Any]:
    return list(Plan.of(Study.of({**SHORT, **changes})).stages.values())


def test_what_is_shipped_hangs_on_the_finished_network_and_moves_no_other_key() -> None:
    plain, shipped = stages(), stages(export=["state_dict", "native"], bench=["torch"])
    assert {stage.key for stage in plain} < {stage.key for stage in shipped}
    new = [stage for stage in shipped if stage not in plain]
    assert sorted(stage.title.rpartition(" ")[0] for stage in new) == [
        "bench torch:channels_last",
        "export native",
        "export state_dict",
    ]
    transfer = next(stage for stage in plain if stage.STAGE == "transfer")
    assert all(stage.inputs[0].key == transfer.key for stage in new)


def test_a_benchs_key_holds_the_processor_and_the_engines_versions() -> None:
    (timed,) = (stage for stage in stages(bench="torch") if isinstance(stage, BenchStage))
    assert timed.machine == processor()
    assert set(timed.versions["torch:channels_last"]) == {"torch"}
    other = timed.model_copy(update={"machine": "another"})
    newer = timed.model_copy(update={"versions": {"torch": {"torch": "99"}}})
    for stage in (other, newer):
        stage.__dict__.pop("key", None)
    assert len({timed.key, other.key, newer.key}) == 3


def test_what_is_chosen_by_is_another_bench_and_the_default_moves_no_key() -> None:
    plain, test, val = (
        next(stage for stage in stages(bench=timing) if isinstance(stage, BenchStage))
        for timing in ("torch", {"engines": "torch", "judged": "test"}, {"engines": "torch", "judged": "val"})
    )
    assert plain.key == test.key != val.key


@pytest.mark.slow
def test_a_bench_says_which_samples_an_engine_told_right_and_of_which_split(tmp_path: Path) -> None:
    found = {}
    for split in ("test", "val"):
        study = Study.of({**SHORT, "bench": {"engines": "torch", "seconds": 0.01, "judged": split}})
        (found[split],) = (
            row for row in run(study, Store(tmp_path)).rows if row.unit == "%" and row.property == "bench"
        )
    counts = {split: Outcomes.parse(row.outcomes) for split, row in found.items()}
    assert {split: row.detail.get("split") for split, row in found.items()} == {"test": None, "val": "val"}
    assert counts["test"].of != counts["val"].of
    assert all(100 * counts[split].table().mean() == pytest.approx(row.value) for split, row in found.items())


def test_times_of_another_machine_are_refused() -> None:
    (timed,) = (stage for stage in stages(bench="torch") if isinstance(stage, BenchStage))
    with pytest.raises(Exception, match="planned on another"):
        timed.model_copy(update={"machine": "another"}).work({}, Path(), Session())


def test_how_many_are_judged_is_another_bench_and_the_default_moves_no_key() -> None:
    usual, same, fewer = (
        next(one for one in stages(bench={"engines": "torch", **more}) if isinstance(one, BenchStage))
        for more in ({}, {"samples": 1000}, {"samples": 40})
    )
    assert usual.key == same.key
    assert usual.key != fewer.key
    assert questions_of(Task.parse("digits"), samples=40).samples == 40


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"export": ["nativ"]}, "did you mean 'native'"),
        ({"export": ["native", "native"]}, "export names one exporter twice"),
        ({"bench": ["torch", "torch"]}, "names one engine twice"),
        ({"bench": {"engines": "torch", "threads": 0}}, "greater than or equal to 1"),
    ],
)
def test_mistakes_are_told_before_anything_runs(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        stages(**options)


def test_a_study_ends_in_files_that_are_copied_out_once(tmp_path: Path) -> None:
    study = Study.of({**SHORT, "export": "state_dict", "axes": {"draw.sparsity": [0.5, 0.8]}})
    store = Store(tmp_path / "store")
    result = run(study, store)
    assert result.exit_code == 0
    sizes = [row for row in result.rows if row.property == "export"]
    assert [(row.metric, row.unit, row.detail) for row in sizes] == [("bytes", "bytes", {"exporter": "state_dict"})] * 2
    places = write_files(result.plan, store, tmp_path / "out")
    assert write_files(result.plan, store, tmp_path / "out") == places
    kept = [load_file(place / "net.safetensors")["layer1.0.conv1.weight"].count_nonzero().item() for place in places]
    assert [place.parent.name for place in places] == ["draw.sparsity=0.5,seed=0", "draw.sparsity=0.8,seed=0"]
    assert kept[0] > kept[1]
    assert sizes[0].value == sum(file.stat().st_size for file in places[0].iterdir())


def measured(engine: str, seconds: float, arithmetic: str = "float32") -> Measured:
    times = Times(seconds, 2 * seconds, seconds, seconds, runs=9, interrupted=0)
    net = {"net": 100}
    return Measured(
        engine,
        uses_zeros=False,
        times=times,
        load=0.1,
        files=net,
        memory=None,
        difference=0.0,
        accuracy=80.0,
        arithmetic=arithmetic,
    )


def test_a_study_ends_in_times_and_the_report_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def timed(network: Network, masks: Masks, engines: Any, setting: Setting, **_: Any) -> Result:
        found = [measured("slow", 3e-3), measured("quick", 2e-3, "int8")]
        return Result(network.source, setting, masks.sparsity, masks.kept, masks.total, found, samples=7)

    monkeypatch.setattr(shipping, "bench", timed)
    result = run(Study.of({**SHORT, "bench": {"engines": ["torch"], "threads": 2}}), Store(tmp_path / "store"))
    assert result.exit_code == 0, result.outcome.failed
    rows = [row for row in result.rows if row.property == "bench"]
    assert [(row.metric, row.value, row.unit, row.better, row.detail["engine"]) for row in rows[:3]] == [
        ("latency", 2.0, "ms", "lower", "quick"),  # int8 comes first
        ("bytes", 100.0, "bytes", "lower", "quick"),
        ("accuracy", 80.0, "%", "higher", "quick"),
    ]
    assert rows[0].detail["processor"] == processor()
    assert rows[0].detail["threads"] == 2
    monkeypatch.undo()
    again = run(Study.of({**SHORT, "bench": {"engines": ["torch"], "threads": 2}}), Store(tmp_path / "store"))
    assert again.rows == result.rows, "times are measured once"
    page = write_report(result.rows, result.facts(Store(tmp_path / "store")), tmp_path / "report.html").read_text()
    assert "bench: latency (engine quick)" in page


@pytest.mark.slow
def test_times_are_those_of_a_bench(tmp_path: Path) -> None:
    result = run(Study.of({**SHORT, "bench": {"engines": ["torch"], "seconds": 0.02}}), Store(tmp_path))
    assert result.exit_code == 0, result.outcome.failed
    by_metric = {row.metric: row.value for row in result.rows if row.property == "bench"}
    assert set(by_metric) == {"latency", "bytes", "accuracy"}
    assert by_metric["latency"] > 0
    told = next(row.value for row in result.rows if row.property == "accuracy")
    assert by_metric["accuracy"] == pytest.approx(told, abs=2), "torch tells what torch tells"


def test_the_command_says_where_the_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(json.dumps({**SHORT, "export": ["state_dict"]}))
    found = CliRunner().invoke(app, ["run", "toy.yaml", "--device", "cpu", "--json"])
    assert found.exit_code == 0, found.output
    (place,) = json.loads(found.stdout)["files"]
    assert Path(place, "net.safetensors").is_file()
    planned = CliRunner().invoke(app, ["plan", "toy.yaml"]).stdout
    assert "export" in planned
    assert "bench" not in planned


def test_exports_of_other_options_are_other_stages() -> None:
    found = stages(export=["native", {"name": "native", "values": "int8"}])
    exports = [stage for stage in found if isinstance(stage, ExportStage)]
    assert len({stage.key for stage in exports}) == 2

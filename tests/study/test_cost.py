"""The estimate of a plan: by hand for a toy study, once for what is shared, and never a download."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.data import _counts
from tombola.data._base import Dataset, Splits
from tombola.data._counts import Counts, counts_of
from tombola.errors import DataError
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.models import downloads
from tombola.models.source import Source
from tombola.properties._base import Property
from tombola.schemes._base import Scheme
from tombola.study.cost import Estimate, estimate
from tombola.study.macs import forward_macs, text_macs
from tombola.study.meter import Meter
from tombola.study.plan import Plan
from tombola.study.stages import TransferStage
from tombola.study.study import Study
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer
from tombola.units import Steps

SOME = Counts(train=1000, val=100, test=300, classes=10, pixels=32)


@pytest.fixture(autouse=True)
def _nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Path:
        raise AssertionError("an estimate downloads nothing")

    monkeypatch.setattr(downloads, "_download", refuse)
    monkeypatch.setattr(downloads, "hub_file", refuse)


def nothing(key: str) -> bool:
    return False


def planned(**changes: Any) -> Plan:
    return Plan.of(Study.of({**STUDY, **changes}))


def estimated(**changes: Any) -> Estimate:
    return estimate(planned(**changes), nothing)


def digits() -> tuple[int, int, int]:
    splits = Task.parse({"name": "digits", "num_train": 60}).splits()
    return len(splits.train), len(splits.val), len(splits.test)


def test_a_toy_study_by_hand() -> None:
    train, _, test = digits()
    assert train == 60
    macs = forward_macs("resnet8", 16, 10, width=0.25)
    found = estimated()
    steps = 2 * 20  # two steps of twenty images
    assert found.kinds["pretrain"].passes == steps * 3 + steps * (3 + 2)  # natural; adversarial, of one step
    assert found.kinds["draw"].passes == 0
    assert found.kinds["transfer"].passes == 4 * steps * 3
    assert found.kinds["measure"].passes == 4 * test
    assert found.total.flops == 2 * macs * found.total.passes
    assert found.total.hours(30) == found.total.flops / 30e12 / 3600
    assert not found.total.unknown


def test_what_is_shared_costs_once_and_alone_it_would_cost_each_cell() -> None:
    found = estimated()
    pretrain = 2 * 20 * (3 + 5)
    assert found.saved.passes == pretrain, "each of the two is trained for two sparsities"
    more = estimated(axes={**STUDY["axes"], "draw.sparsity": [0.0, 0.5, 0.8, 0.9]})
    assert more.kinds["pretrain"] == found.kinds["pretrain"]
    assert more.saved.passes == 3 * pretrain


def test_what_is_in_the_store_need_not_run() -> None:
    plan = planned()
    pretrained = {key for key, stage in plan.stages.items() if stage.STAGE == "pretrain"}
    found = estimate(plan, pretrained.__contains__)
    assert found.kinds["pretrain"].flops > 0
    assert found.to_run["pretrain"].flops == 0
    assert found.missing.flops == found.total.flops - found.kinds["pretrain"].flops
    assert estimate(plan, plan.stages.__contains__).missing.flops == 0


@pytest.mark.parametrize(
    ("net", "pixels", "giga"),
    [
        ("torchvision:resnet18", 224, 1.81),  # as published
        ("torchvision:resnet50", 224, 4.09),
        ("timm:resnet18", 224, 1.81),
        ("torchvision:vit_b_16", 224, 17.56),
        ("torchvision:convnext_tiny", 224, 4.46),
        ("preactresnet18", 32, 0.56),
    ],
)
def test_multiply_adds_are_the_published_ones(net: str, pixels: int, giga: float) -> None:
    assert forward_macs(net, pixels, 1000 if pixels == 224 else 10) / 1e9 == pytest.approx(giga, rel=0.01)


def test_a_detection_head_counts() -> None:
    plain = forward_macs("resnet8", 32, 3, width=0.25)
    boxes = forward_macs("resnet8", 32, 7, width=0.25, decoder="boxes")
    middle = 32 * 32 * 9 * 64 * 64  # the 3x3 convolution, at every pixel of a net whose first stage skips none
    assert middle < boxes - plain < 1.3 * middle
    study = Study.of({**STUDY, "target": "detection:boxed_shapes", "measure": ["average_precision"]})
    assert not estimate(Plan.of(study), nothing).total.unknown


def test_a_segmentation_head_counts_and_a_finer_stride_costs_more() -> None:
    classifier = forward_macs("torchvision:resnet18", 256, 21)
    coarse = forward_macs("torchvision:resnet18", 256, 21, decoder="fcn")
    fine = forward_macs("torchvision:resnet18", 256, 21, decoder="fcn", stride=8)
    assert classifier < coarse < fine / 3
    scenes = Study.of({**STUDY, "target": "segmentation:shapes", "measure": ["mean_iou"]})
    transfer = next(stage for stage in Plan.of(scenes).stages.values() if isinstance(stage, TransferStage))
    assert transfer.task.name == "segmentation"
    found = estimate(Plan.of(scenes), nothing)
    assert found.kinds["measure"].flops == 4 * 200 * 2 * forward_macs("resnet8", 32, 4, width=0.25, decoder="fcn")


def test_weights_cost_nothing_and_are_not_fetched() -> None:
    taken: dict[str, Any] = {"model": "torchvision:resnet18@IMAGENET1K_V1", "pretrain": None, "axes": {}}
    found = estimated(**taken)
    assert found.kinds["pretrain"].flops == 0
    assert found.kinds["transfer"].flops == 2 * 40 * 3 * forward_macs("torchvision:resnet18", 16, 10)
    robust = estimated(**{**taken, "model": "robust:resnet18-l2-eps3"})
    assert robust.kinds == found.kinds


def test_published_sets_are_counted_without_their_files() -> None:
    cifar = counts_of(Dataset.parse({"name": "cifar10", "root": "nowhere"}))
    assert cifar == Counts(train=45_000, val=5_000, test=10_000, classes=10, pixels=32)
    few = estimated(target={"name": "cifar10", "root": "nowhere", "fraction": 0.1}, axes={})
    assert few.kinds["measure"].passes == 10_000
    assert cifar.part(0.1).train == 4_500


def test_made_sets_are_counted_without_making_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Splits:
        raise AssertionError("made in full")

    monkeypatch.setattr(_counts, "loaded", refuse)
    assert counts_of(Dataset.parse("glyphs")) == Counts(27_000, 1_000, 3_000, 26, 16)
    assert counts_of(Dataset.parse({"name": "shapes", "num_train": 7})) == Counts(7, 100, 200, 4, 32)


def test_a_set_that_is_neither_published_nor_there_is_unknown_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(dataset: Dataset) -> Splits:
        raise DataError(f"{dataset.name}: not found; fetch it")

    monkeypatch.setattr(_counts, "loaded", missing)
    found = estimated()
    assert found.kinds["transfer"].unknown == {"digits: not found; fetch it": 4}
    assert (found.total.flops, found.kinds["draw"].unknown) == (0, {})
    assert sum(found.total.unknown.values()) == 10


def test_a_fit_is_its_steps_and_its_validations() -> None:
    assert fit_passes(Fit(epochs="3ep", batch=128), SOME) == 3 * 1000 * 3
    assert fit_passes(Fit(epochs="3ep", batch=128, drop_last=True), SOME) == 3 * 896 * 3
    assert fit_passes(Fit(epochs="10it", batch=100), SOME) == 10 * 100 * 3
    assert fit_passes(Fit(epochs="10it", batch=5000), SOME) == 10 * 1000 * 3, "a batch is no larger than the set"
    assert fit_passes(Fit(epochs="3ep", batch=100), SOME, parameters="head") == 3 * 1000
    assert fit_passes(Fit(epochs="3ep", batch=100), SOME, part=Part(end=Steps(1, "ep"))) == 1000 * 3
    best = Fit(epochs="3ep", batch=100, select="best_val")
    assert fit_passes(best, SOME) == 3 * 1000 * 3 + 3 * 100
    assert fit_passes(best.replace(validate_every="2ep"), SOME) == 3 * 1000 * 3 + 2 * 100, "the end is one"
    pgd = {"name": "adversarial", "attack": {"name": "pgd", "steps": 10}}
    assert fit_passes(Fit(objective=pgd, epochs="1ep", batch=100), SOME) == 1000 * 23


@pytest.mark.parametrize(
    ("scheme", "passes"),
    [
        ("omp", 0),
        ({"name": "omp", "score": {"name": "snip", "batch": 50, "batches": 2}}, 300),
        ({"name": "omp", "score": {"name": "synflow", "rounds": 100}}, 300),
        ("random", 0),
        ({"name": "imp", "level": 3, "fit": {"epochs": "2ep", "batch": 100}}, 2 * 1000 * 3),
        ({"name": "imp", "level": 1, "fit": {"epochs": "2ep", "batch": 100}}, 0),
        ({"name": "lmp", "fit": {"epochs": "2ep", "batch": 100}}, 2 * 1000 * 3),
    ],
)
def test_a_rung_costs_what_it_trains(scheme: Any, passes: float) -> None:
    parsed = Scheme.parse(scheme)
    assert parsed.passes(SOME if parsed.needs_task else None) == passes


def test_a_ladder_is_paid_level_by_level_and_its_rewound_state_once() -> None:
    imp = {"name": "imp", "level": 3, "rewind": "early:1ep", "fit": {"epochs": "4ep", "batch": 100}}
    assert [rung.passes(SOME) for rung in Scheme.parse(imp).chain()] == [3000, 0, 9000, 9000]
    plain = {**imp, "rewind": "pretrained"}
    found = estimated(draw=plain, draw_on="target", axes={})
    assert found.kinds["draw"].passes == 2 * 4 * 60 * 3


def test_a_linear_evaluation_is_one_pass() -> None:
    assert Transfer.parse("linear").passes(SOME) == 1100
    assert Transfer.parse({"name": "linear", "bn": "recalibrated"}).passes(SOME) == 2100
    sgd = {"name": "linear_sgd", "fit": {"epochs": "2ep", "batch": 100}}
    assert Transfer.parse(sgd).passes(SOME) == 2000
    assert Transfer.parse({**sgd, "bn": "recalibrated"}).passes(SOME) == 3000
    assert Transfer.parse({"name": "finetune", "fit": {"epochs": "2ep", "batch": 100}}).passes(SOME) == 6000


@pytest.mark.parametrize(
    ("measured", "passes"),
    [
        ("accuracy", 300),
        ({"name": "adversarial_accuracy", "attack": {"name": "pgd", "steps": 20}, "samples": 100}, 100 * 42),
        ("calibration_error", 400),
        ({"name": "certified_accuracy", "num_samples": 10}, 10 * 1032),
        ({"name": "corruption_error", "severities": [1, 3]}, 300 * 31),
        ({"name": "ood_auroc", "out": "shapes"}, None),
        ({"name": "frechet_distance", "other": "glyphs", "samples": 500, "other_samples": 700}, 1200),
        ({"name": "frechet_distance", "other": "glyphs", "features": "inception"}, None),
        ("density", 0),
        ("size", 1),
    ],
)
def test_a_property_costs_what_it_runs(measured: Any, passes: float | None) -> None:
    if isinstance(measured, dict) and measured["name"] == "ood_auroc":
        assert Property.parse({**measured, "out": "glyphs"}).passes(SOME) == 3300
        assert Property.parse({**measured, "out": "glyphs", "score": "knn"}).passes(SOME) == 4300
    else:
        assert Property.parse(measured).passes(SOME) == passes


def test_every_transfer_says_what_it_costs() -> None:
    for name, member in Transfer.family.members().items():
        assert issubclass(member, Transfer)
        assert member.passes is not Transfer.passes, f"{name} does not say what it costs"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(json.dumps(STUDY))
    yield "toy.yaml"
    assert [path.name for path in tmp_path.iterdir()] == ["toy.yaml"], "planning leaves nothing behind"


def test_the_plan_prints_the_estimate_and_says_that_it_is_one(toy: str) -> None:
    lines = CliRunner().invoke(app, ["plan", toy, "--tflops", "0.001"]).output
    assert "estimated from multiply-adds counted" in lines
    assert "GPU hours: at 0.001 TFLOP/s sustained (--tflops); sharing saves under 0.01" in lines
    rows = {line.split()[0]: line for line in lines.splitlines()[1:] if line}
    assert rows["draw"].split()[-3:] == ["0", "s", "0"]
    assert rows["in"].endswith("under 0.01")
    found = json.loads(CliRunner().invoke(app, ["plan", toy, "--json", "--tflops", "0.001"]).output)["cost"]
    expected = estimated()
    assert found["gpu_hours"] == pytest.approx(expected.total.flops / 1e9 / 3600)
    assert found["gpu_hours_to_run"] == found["gpu_hours"]
    assert found["gpu_hours_saved_by_sharing"] == pytest.approx(expected.saved.flops / 1e9 / 3600)
    assert (found["kinds"]["transfer"]["forward_passes"], found["unknown"]) == (480, [])


def test_the_plan_says_what_is_unknown(toy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(dataset: Dataset) -> Splits:
        raise DataError("not found; fetch it")

    monkeypatch.setattr(_counts, "loaded", missing)
    lines = CliRunner().invoke(app, ["plan", toy]).output
    row = next(line for line in lines.splitlines() if line.startswith("transfer"))
    assert row.split()[-2:] == ["unknown", "unknown"]
    assert "unknown for 4 transfer stages: not found; fetch it" in lines


def test_counts_read_a_set_that_is_at_hand() -> None:
    train, val, test = digits()
    assert counts_of(Dataset.parse({"name": "digits", "num_train": 60})) == Counts(train, val, test, 10, 16)


BERT = json.dumps({
    "model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "max_position_embeddings": 512,
})  # fmt: skip


@pytest.mark.slow
def test_the_multiply_adds_of_a_text_are_known_from_a_configuration() -> None:
    pytest.importorskip("transformers")
    net, options = "hf:bert-base-uncased@config", (("config", BERT),)
    told = text_macs(net, options, 128, 2)
    assert told / 1e9 == pytest.approx(11.17, rel=0.01)  # as published: 22.4 GFLOPs
    assert text_macs(net, options, 128, 0, 0.15) - told == 19 * 768 * (768 + 30522)


@pytest.mark.parametrize(
    "told",
    [
        {"model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
         "num_attention_heads": 2, "num_key_value_heads": 2},
        {"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0},
    ],
    ids=lambda told: told["model_type"],
)  # fmt: skip
def test_language_models_are_counted_too(told: dict[str, Any]) -> None:
    pytest.importorskip("transformers")
    options = (("config", json.dumps({"vocab_size": 40, "max_position_embeddings": 64, **told})),)
    found = [text_macs(f"hf:{told['model_type']}@config", options, tokens, 2) for tokens in (8, 16)]
    layers = 2 * (4 * 16 * 16 + (3 if told["model_type"] == "llama" else 4) * 16 * 32)  # gpt2's middle is 64 wide
    for tokens, macs in zip((8, 16), found, strict=True):
        assert macs == pytest.approx(tokens * (layers + 2 * 2 * 16 * tokens), rel=0.02)


def test_a_study_of_texts_that_are_not_here_is_estimated(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    task = {"name": "text:rte", "root": tmp_path, "tokenizer": "bert-base-uncased", "length": 128}
    model = {"name": "hf:bert-base-uncased", "config": BERT}
    transfer = {"name": "finetune", "fit": {"preset": "glue", "epochs": "1ep"}}
    draw = {"name": "omp", "prunable": "bert"}
    study = {"model": model, "target": task, "draw": draw, "transfer": transfer}
    found = estimate(Plan.of(Study.of(study)), nothing)
    assert not found.total.unknown
    macs = text_macs("hf:bert-base-uncased@config", (("config", BERT),), 128, 2)
    assert found.kinds["measure"].flops == 2 * macs * 277
    assert found.kinds["transfer"].flops == 2 * macs * 3 * 2240  # a last batch of one is left out


def test_learning_from_two_views_costs_both_of_each_image() -> None:
    net, meter = Source.parse("resnet8"), Meter()
    digits = {"name": "digits", "num_train": 100, "size": 16}
    plain, twice = (Task.parse({"name": name, "data": digits}) for name in ("classification", "contrastive"))
    who = Fit(epochs=Steps(1, "ep"), batch=10).objective
    one, both = (meter.times(who, 30.0, net, task) for task in (plain, twice))
    assert both.flops == 2 * one.flops

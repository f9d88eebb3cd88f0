"""OoD detection as a property: known scores, both sets' sizes, the key, and what is refused."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.fitting.toys import Toy, network
from torch import Tensor, nn

from tombola import verbs
from tombola.data._base import Dataset, InMemory
from tombola.errors import DataError, OptionError, RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import Measurement, Property
from tombola.properties._responses import looks_like_probabilities, resized, responses
from tombola.properties.ood_auroc import OODAUROC, detection
from tombola.properties.ood_scores._base import OODScore
from tombola.report.curves import read_results
from tombola.tasks._base import Task

from .answering import Written, logits_of, reader

FORMULAS: dict[str, Callable[[Tensor], Tensor]] = {
    "msp": lambda z: z.softmax(1).amax(1),
    "max_logit": lambda z: z.amax(1),
    "energy": lambda z: z.exp().sum(1).log(),
}
METRICS = ["ood_auroc", "aupr_in", "aupr_out", "fpr_ood_at_95tpr_id", "fpr_id_at_95tpr_ood"]


def measured(net: Network, task: Task, **options: Any) -> list[Measurement]:
    """The property's values."""
    return Property.parse({"name": "ood_auroc", **options}).measure(net, task, seed=0, session=Session())


def pack(folder: Path, levels: Tensor, name: str = "other", labels: int = 1) -> str:
    """A data set of images that say ``levels`` to `reader`, all of them in every split's share; of one class."""
    pixels = np.zeros((len(levels), 4, 4, 3), dtype=np.uint8)
    pixels[:, 0, :3, 0] = levels.numpy()
    file = folder / f"{name}_{{}}.npz"
    for split in ("train", "test"):
        y = np.arange(len(levels)) % labels
        np.savez(str(file).format(split), x=pixels, y=y, classes=np.array([str(c) for c in range(labels)]))
    return f"pack:{folder / name}"


def levels_of(seed: int, count: int = 100) -> Tensor:
    """Pixels from 0 to 255."""
    return torch.randint(0, 256, (count, 3), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("score", FORMULAS)
def test_the_values_are_those_of_the_scores_of_both_test_splits(score: str, tmp_path: Path) -> None:
    outside = levels_of(5) // 2
    found = measured(reader(), Written(), out=pack(tmp_path, outside), score=score)
    formula = FORMULAS[score]
    expected = detection(formula(logits_of(Written())[0]).float(), formula(outside.double() / 51).float())
    assert [m.metric for m in found] == METRICS == list(expected)
    assert [m.value for m in found] == pytest.approx([100 * value for value in expected.values()], abs=1e-2)
    assert [m.better for m in found] == ["higher"] * 3 + ["lower"] * 2


def test_scores_of_features_are_fitted_to_the_training_split(tmp_path: Path) -> None:
    train = Written().splits().train
    known = train.pixels_at(torch.arange(60))[:, 0, 0, :3].double() / 51
    inside, outside = logits_of(Written())[0], levels_of(5).double() // 2 / 51
    unit = torch.nn.functional.normalize
    near = [-torch.cdist(unit(rows), unit(known)).sort(1).values[:, 4] for rows in (inside, outside)]
    out = pack(tmp_path, levels_of(5) // 2)
    found = measured(reader(), Written(), out=out, score={"name": "knn", "k": 5})
    assert found[0].value == pytest.approx(100 * detection(*near)["ood_auroc"], abs=0.05)


def test_each_row_says_the_score_its_options_the_set_and_both_counts(tmp_path: Path) -> None:
    given = pack(tmp_path, levels_of(5))
    label = f"pack:other ({Dataset.parse(given).digest()[:8]})"
    for item in measured(reader(), Written(), out=given, score="energy:2"):
        counts = {"in_samples": 400, "out_samples": 100}
        assert item.detail == {"score": "energy", "temperature": 2.0, "out": label, **counts}
        assert item.samples == 500


def test_built_in_sets_are_called_by_their_name() -> None:
    found = measured(network(), Toy(), out="digits")
    assert found[0].detail["out"] == "digits"
    other = measured(network(), Toy(), out={"name": "digits", "seed": 3})
    assert str(other[0].detail["out"]).startswith("digits (")


def test_the_other_set_and_the_score_are_the_key_and_the_batch_is_not(tmp_path: Path) -> None:
    given = pack(tmp_path, levels_of(5))
    usual = Property.parse({"name": "ood_auroc", "out": given})
    assert Property.parse(f"ood_auroc:{given}").identity() == usual.identity()
    assert usual.identity()["score"] == {"name": "msp"}
    assert str(tmp_path) not in str(usual.identity())
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    keys = [
        Property.parse({"name": "ood_auroc", "out": out, **more}).digest()
        for out, more in (
            (given, {}),
            (pack(copy, levels_of(5), "copied"), {"batch": 3}),
            (pack(copy, levels_of(6), "changed"), {}),
            (given, {"score": "energy"}),
            ("digits", {}),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_images_of_another_size_are_brought_to_the_tasks() -> None:
    images = torch.randint(0, 256, (3, 3, 20, 20), generator=torch.Generator().manual_seed(0)) / 255
    small = resized(images, 8)
    assert small.shape == (3, 3, 8, 8)
    assert torch.equal((small * 255).round() / 255, small)
    assert small.mean().item() == pytest.approx(images.mean().item(), abs=0.01)
    assert torch.equal(resized(images, 20), images)
    flat = torch.full((1, 3, 5, 5), 77 / 255)
    assert torch.equal(resized(flat, 16), torch.full((1, 3, 16, 16), 77 / 255))


def test_nothing_can_be_told_apart_of_itself_or_of_nothing() -> None:
    with pytest.raises(RequestError, match="the task's own data; name another set"):
        measured(network(), Task.parse("digits"), out="digits")
    with pytest.raises(DataError, match="the test split of the task holds no image"):
        measured(reader(), Written(test="empty"), out="digits")


def test_probabilities_are_refused_where_logits_are_read_and_not_where_features_are() -> None:
    softmaxed = reader(nn.Softmax(1))
    with pytest.raises(RequestError, match="look like probabilities"):
        measured(softmaxed, Written(), out="digits", score="energy")
    assert measured(softmaxed, Written(), out="digits", score="mahalanobis")[0].value >= 0


def test_what_looks_like_probabilities() -> None:
    logits = torch.randn(20, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert looks_like_probabilities(logits.softmax(1))
    assert looks_like_probabilities(logits.float().softmax(1).double())
    assert not looks_like_probabilities(logits)
    assert not looks_like_probabilities(logits.sigmoid())
    assert not looks_like_probabilities(torch.cat([logits.softmax(1), logits[:1]]))


def test_an_unknown_score_or_set_is_named() -> None:
    with pytest.raises(RequestError, match="did you mean 'knn'"):
        Property.parse({"name": "ood_auroc", "out": "digits", "score": "kn"})
    with pytest.raises(RequestError, match="digits"):
        Property.parse({"name": "ood_auroc", "out": "digit"})
    with pytest.raises((OptionError, RequestError), match="out"):
        Property.parse("ood_auroc")


@pytest.mark.parametrize("score", OODScore.family.names())
def test_every_score_runs_on_toys_in_no_time_and_the_model_comes_back(score: str) -> None:
    options: dict[str, Any] = {"knn": {"k": 5}}.get(score, {})
    net = network(0).train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    start = time.process_time()
    runs = [measured(net, Toy(), out="digits", score={"name": score, **options}, batch=batch) for batch in (7, 256)]
    assert time.process_time() - start < 5
    assert [m.value for m in runs[0]] == pytest.approx([m.value for m in runs[1]], abs=0.2)
    assert all(0 <= m.value <= 100 for m in runs[0])
    assert net.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize("score", OODScore.family.names())
def test_every_score_runs_on_digits(score: str, tmp_path: Path) -> None:
    net = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=10)
    found = measured(net, Task.parse("digits"), out=pack(tmp_path, levels_of(5)), score=score)
    assert [m.metric for m in found] == METRICS
    if OODScore.parse(score).READS == "features":
        assert found[0].value > 90, "black images with three red dots are far from digits to an untrained net too"


def test_the_features_are_those_before_the_head() -> None:
    net, images = network(0).eval(), Toy().splits().test
    assert isinstance(images, InMemory)
    found = responses(net, images, "features", size=8, batch=7, device=torch.device("cpu"))
    with torch.no_grad():
        assert torch.allclose(net.head(found.float()), net(images.pixels.float() / 255), atol=1e-6)


def test_the_report_shows_one_curve_a_score_and_leaves_the_rest_to_the_tables() -> None:
    wanted = [{"name": "ood_auroc", "out": "digits", "score": score} for score in ("msp", "energy")]
    results = read_results(verbs.measure(network(), Toy(), [*wanted, "calibration_error"]))
    assert [measure.label for measure in results.measures] == [
        "calibration error",
        "ood auroc (score energy)",
        "ood auroc (score msp)",
    ]
    assert len(results.summaries) == 2 * len(METRICS) + 10


def test_the_default_is_the_published_baseline() -> None:
    assert OODAUROC(out="digits").score.name == "msp"

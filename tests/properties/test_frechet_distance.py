"""The domain gap as a property: known features, its name, its counts, and the dense network in a study."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.study.toys import STUDY
from torch import Tensor

from tombola.data._base import Dataset, InMemory, Splits
from tombola.errors import DataError, ModelError, OptionError, RequestError
from tombola.fitting.session import Session
from tombola.models.inception import FILES
from tombola.models.network import Network
from tombola.properties import _extractor
from tombola.properties._base import Measurement, Property
from tombola.properties._frechet import Moments, frechet_distance
from tombola.properties.frechet_distance import drawn
from tombola.study.measuring import DenseStage, MeasureStage
from tombola.study.plan import Plan
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study
from tombola.tasks._base import Task

from .answering import Written, reader, written
from .test_certified_accuracy import Heard

WRONG = (OptionError, RequestError)
GLYPHS = {"name": "glyphs", "num_train": 280, "num_val": 10, "num_test": 10}


def pack(folder: Path, levels: Tensor) -> str:
    """A data set of two equal splits, with images whose features `reader` reads as levels / 51."""
    pixels = np.zeros((len(levels), 4, 4, 3), dtype=np.uint8)
    pixels[:, 0, :3, 0] = levels.numpy()
    for split in ("train", "test"):
        y = np.zeros(len(levels), dtype=np.int64)
        np.savez(folder / f"other_{split}.npz", x=pixels, y=y, classes=np.array(["0"]))
    return f"pack:{folder / 'other'}"


def levels_of(seed: int, count: int = 50) -> Tensor:
    """Pixels from 0 to 255."""
    return torch.randint(0, 256, (count, 3), generator=torch.Generator().manual_seed(seed))


def measured(net: Network, task: Task, heard: Heard | None = None, **options: Any) -> Measurement:
    """The one measurement."""
    wanted = Property.parse({"name": "frechet_distance", **options})
    (found,) = wanted.measure(net, task, seed=0, session=Session(reporter=heard or Heard()))
    return found


def features(images: Any) -> Tensor:
    """What `reader` says of images, exactly."""
    read: Tensor = images.pixels_at(torch.arange(len(images)))[:, 0, 0, :3].double() / 51
    return read


def test_the_value_is_that_of_the_features_of_all_images(tmp_path: Path) -> None:
    levels, splits = levels_of(5) // 2, Written().splits()
    other = torch.cat([levels, levels]).double() / 51
    ours = torch.cat([features(images) for images in (splits.train, splits.val, splits.test)])
    expected = frechet_distance(Moments.of(ours), Moments.of(other))
    for batch in (7, 500):
        found = measured(reader(), Written(), other=pack(tmp_path, levels), batch=batch)
        assert found.value == pytest.approx(expected, rel=1e-5)
    assert found.metric == "feature_frechet_distance"
    assert found.better == "neither"
    assert found.samples == 760 + 100


def test_one_split_and_how_many(tmp_path: Path) -> None:
    levels = levels_of(5)
    found = measured(reader(), Written(), other=pack(tmp_path, levels), split="test", other_samples=20)
    assert (found.detail["task_samples"], found.detail["other_samples"]) == (400, 20)
    picked = torch.randperm(50, generator=torch.Generator().manual_seed(0))[:20]
    ours, theirs = Moments.of(features(Written().splits().test)), Moments.of(levels[picked].double() / 51)
    assert found.value == pytest.approx(frechet_distance(ours, theirs), rel=1e-5)


def test_the_draw_is_seeded_and_counts_across_splits() -> None:
    splits = Written().splits()
    parts = drawn(splits, "all", 500, 3, "the task")
    again = drawn(splits, "all", 500, 3, "the task")
    assert sum(map(len, parts)) == 500
    assert [len(part) for part in parts] != [len(part) for part in drawn(splits, "all", 500, 4, "the task")]
    everything = torch.arange(500)
    for one, other in zip(parts, again, strict=True):
        some = everything[: len(one)]
        assert torch.equal(one.pixels_at(some), other.pixels_at(some))
    shares = [
        len(part) / len(whole) for part, whole in zip(parts, (splits.train, splits.val, splits.test), strict=True)
    ]
    assert all(0.5 < share < 0.8 for share in shares), "every split by its share"
    with pytest.raises(RequestError, match=r"761 images asked of the task, which has 760 \(split=all\)"):
        drawn(splits, "all", 761, 0, "the task")


def test_the_counts_are_printed_and_stand_in_the_row(tmp_path: Path) -> None:
    heard = Heard()
    found = measured(reader(), Written(), heard, other=pack(tmp_path, levels_of(5)))
    label = f"pack:other ({Dataset.parse(pack(tmp_path, levels_of(5))).digest()[:8]})"
    assert heard.notes == [f"feature_frechet_distance: 760 images of the task, 100 of {label}, 3 features"]
    assert found.detail == {
        "features": "model",
        "dim": 3,
        "other": label,
        "split": "all",
        "task_samples": 760,
        "other_samples": 100,
        "size": 4,
        "shrinkage": 0.0,
    }


def test_fewer_images_than_features_are_told_of() -> None:
    heard = Heard()
    options: dict[str, Any] = {"other": "digits", "other_samples": 8, "samples": 30}
    plain = measured(network(), Toy(), heard, **options)
    assert "8 images are too few for 8 features" in heard.notes[1]
    assert "shrinkage=oas" in heard.notes[1]
    heard = Heard()
    shrunk = measured(network(), Toy(), heard, **options, shrinkage="oas")
    assert "shrinkage=oas" not in heard.notes[1]
    assert shrunk.value < plain.value
    heard = Heard()
    measured(network(), Toy(), heard, **{**options, "other_samples": 9})
    assert len(heard.notes) == 1


def test_a_set_is_at_no_distance_from_itself() -> None:
    found = measured(network(), Task.parse("digits"), other="digits", samples=300, other_samples=300)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert measured(network(), Task.parse("digits"), other=GLYPHS, samples=300, other_samples=300).value > 1e-4


def test_too_few_images_are_refused() -> None:
    class One(Written):
        def splits(self) -> Splits:
            whole = written(levels_of(0, 1), torch.zeros(1, dtype=torch.int64))
            none = InMemory(whole.pixels[:0], whole.labels[:0], whole.classes)
            return Splits(none, none, whole)

    with pytest.raises(DataError, match="the task has 1 images"):
        measured(reader(), One(), other="digits")
    with pytest.raises(WRONG, match="samples"):
        measured(reader(), Written(), other="digits", samples=1)


def test_random_weights_are_no_features() -> None:
    for name in ("resnet8", "torchvision:resnet18", {"name": "resnet20", "width": 0.5}):
        with pytest.raises(WRONG, match=r"has random weights.*torchvision:resnet18@IMAGENET1K_V1"):
            Property.parse({"name": "frechet_distance", "other": "digits", "features": name})
    with pytest.raises(WRONG, match="absent"):
        Property.parse({"name": "frechet_distance", "other": "digits", "features": "path:absent.safetensors"})
    both = {"inception": True, "source": "torchvision:resnet18@IMAGENET1K_V1"}
    with pytest.raises(WRONG, match="not both"):
        Property.parse({"name": "frechet_distance", "other": "digits", "features": both})


def test_another_models_features_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tombola.models.files import save_network
    from tombola.models.source import Source

    net = Source.parse({"name": "resnet8", "width": 0.25}).load(seed=3)
    save_network(net, tmp_path / "mine.safetensors")
    options: dict[str, Any] = {"other": GLYPHS, "samples": 200, "other_samples": 200}
    own = measured(net, Task.parse("digits"), **options)
    found = measured(network(), Task.parse("digits"), **options, features=f"path:{tmp_path / 'mine.safetensors'}")
    assert found.value == pytest.approx(own.value, rel=1e-6)
    assert str(found.detail["features"]).startswith("path:mine.safetensors (resnet8, sha256 ")
    assert str(tmp_path) not in str(found.detail)


def test_fid_is_what_inceptions_weights_give_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"name": "frechet_distance", "other": "digits"}
    assert Property.parse({**wanted, "features": "inception"}).metric == "fid"  # type: ignore[attr-defined]
    shrunk = Property.parse({**wanted, "features": "inception", "shrinkage": 0.1})
    assert shrunk.metric == "feature_frechet_distance"  # type: ignore[attr-defined]
    file = tmp_path / FILES[0]
    torch.save({"fc.weight": torch.zeros(1008, 2048)}, file)
    options: dict[str, Any] = {"other": "digits", "samples": 30, "features": f"inception:{file}"}
    with pytest.raises(ModelError, match="is no FID"):
        measured(reader(), Written(), **options)
    read: list[Path | None] = []

    def inception(path: Path | None) -> Network:
        read.append(path)
        return network()

    monkeypatch.setattr(_extractor, "fid_inception", inception)
    heard = Heard()
    found = measured(reader(), Written(), heard, **options)
    assert read == [file]
    assert (found.metric, found.detail["features"], found.detail["dim"]) == ("fid", "inception", 8)
    assert str(found.detail["size"]).startswith("299")
    assert heard.notes[0].startswith("fid: 30 images of the task, 1,797 of digits")


def test_where_inceptions_weights_lie_is_not_in_the_key_and_which_features_is() -> None:
    usual = {"name": "frechet_distance", "other": "digits"}
    digests = [
        Property.parse({**usual, **more}).digest()
        for more in (
            {},
            {"batch": 3},
            {"features": "model"},
            {"features": "inception"},
            {"features": "inception:/a/file.pth"},
            {"features": "torchvision:resnet18@IMAGENET1K_V1"},
            {"shrinkage": "oas"},
            {"samples": 8000},
        )
    ]
    assert digests[0] == digests[1] == digests[2]
    assert digests[3] == digests[4]
    assert len(set(digests)) == 5
    assert Property.parse("frechet_distance:digits").digest() == digests[0]


@pytest.mark.slow
def test_in_a_study_the_dense_network_is_looked_at_once_for_all_its_tickets(tmp_path: Path) -> None:
    gap = {"name": "frechet_distance", "other": GLYPHS, "split": "train"}
    study = Study.of({**STUDY, "measure": ["accuracy", gap]})
    stages = Plan.of(study).stages.values()
    assert sum(isinstance(stage, DenseStage) for stage in stages) == 2, "one a prior, not one a ticket"
    assert sum(isinstance(stage, MeasureStage) for stage in stages) == 4
    result = run(study, Store(tmp_path))
    assert result.exit_code == 0
    gaps = {(r.cell["prior"], r.cell["draw.sparsity"]): r.value for r in result.rows if r.property == gap["name"]}
    assert len(gaps) == 4
    assert len(set(gaps.values())) == 2

"""Fréchet distance: the gap between the task's images and those of another set, as a model's features see it.

What: the features of both sets are seen as Gaussians, and measured is |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with
  unbiased covariances, in float64. In a study the features are those of the pretrained dense model, before anything is
  pruned or adapted; measured by itself, those of the model named. The metric is ``feature_frechet_distance``, whose
  scale is that of the features: compare values under the same ones only. Under FID's Inception weights, and only then,
  it is ``fid``. Images are brought to the task's size (``size``); Inception resizes each from its own to 299 pixels.
When: how far a downstream task is from the source, beside what transfers to it. The value is biased upwards for few
  images, the more the fewer, so compare equal counts: they stand in every row. With fewer images than features a
  covariance is singular: there is a warning, and ``shrinkage`` steadies it, which makes another metric of it.
Cost: a forward pass over both sets, and about D^3 for D features (seconds for 2,048).
Options: other: a data set; features: model, inception, inception:FILE, or a model with weights; split (all images of
  both sets, or one split's); samples and other_samples, drawn by subset_seed; size; shrinkage: 0 to 1, or oas; batch
  (not part of the identity).
Reference: Heusel et al., NeurIPS 2017, arXiv 1706.08500 (FID); Chen et al., IEEE TSP 58(10), 2010 (oas).
"""

from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field

from tombola.data._base import Dataset, Images, Splits, Subset, loaded_images, of_images
from tombola.data._counts import Counts, counts_of
from tombola.errors import DataError, RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import DenseProperty, Measurement
from tombola.properties._extractor import Extractor
from tombola.properties._frechet import Moments, frechet_distance
from tombola.properties._responses import responses
from tombola.properties._sets import label_of
from tombola.properties._test_images import ready
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task

_CHUNK = 4096  # images whose features are held at a time

Split = Literal["all", "train", "val", "test"]


@final
class FrechetDistance(DenseProperty):
    """How far two sets of images are from each other."""

    ARGUMENT: ClassVar[str | None] = "other"
    EXAMPLES: ClassVar[Examples] = ({"other": {"name": "digits", "size": 8, "num_train": 40}},)

    other: Dataset = option(
        help="the data set the task's is compared with, as the one of pretraining; no labels needed"
    )
    features: Extractor = option(
        "model", "whose features: model, inception, inception:FILE, or a model with weights", validate_default=True
    )
    split: Split = option("all", "which images of both sets: all, or one split's")
    samples: int | None = option(None, "how many of the task's images, drawn by subset_seed; empty: all", ge=2)
    other_samples: int | None = option(None, "how many of the other set's images; empty: all", ge=2)
    subset_seed: int = option(0, "which images are drawn", ge=0)
    size: int | None = option(None, "height and width in pixels both are brought to; empty: the task's", ge=4, le=1024)
    shrinkage: Annotated[float, Field(ge=0, le=1)] | Literal["oas"] = option(
        0.0, "how far covariances are drawn towards equal variances, 0 to 1; oas: as far as the counts advise"
    )
    batch: int = option(64, "images a forward pass", identity=False, ge=1)

    def passes(self, counts: Counts) -> float | None:
        """Over both sets; unknown under another model's features, whose passes are no passes of this network."""
        if self.features.inception or self.features.source is not None:
            return None
        ours, theirs = (self._images(each) for each in (counts, counts_of(self.other)))
        return min(ours, self.samples or ours) + min(theirs, self.other_samples or theirs)

    def _images(self, counts: Counts) -> int:
        parts = {"train": counts.train, "val": counts.val, "test": counts.test}
        return sum(parts.values()) if self.split == "all" else parts[self.split]

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device, splits = device_of(session.device), of_images(task.splits(), "frechet_distance")
        ours = drawn(splits, self.split, self.samples, self.subset_seed, "the task")
        theirs = drawn(
            loaded_images(self.other), self.split, self.other_samples, self.subset_seed, f"other={self.other.name}"
        )
        network = ready(self.features.network(model), device)
        size = None if self.features.inception else self.size or splits.test.size
        one, other = (self._moments(network, parts, size, device) for parts in (ours, theirs))
        value = frechet_distance(one, other, shrinkage=(self._shrinkage(one), self._shrinkage(other)))
        self._note(one, other, session)
        detail: dict[str, Scalar] = {
            "features": self.features.label(network),
            "dim": one.dim,
            "other": label_of(self.other),
            "split": self.split,
            "task_samples": one.count,
            "other_samples": other.count,
            "size": size or "299, bilinear from each image's own",
            "shrinkage": self.shrinkage,
        }
        return [Measurement(self.metric, value, one.count + other.count, better="neither", detail=detail)]

    @property
    def metric(self) -> str:
        """``fid`` with FID's Inception weights and plain covariances, else a name that cannot be mistaken for it."""
        return "fid" if self.features.inception and not self.shrinkage else "feature_frechet_distance"

    def _moments(self, network: Network, parts: list[Images], size: int | None, device: torch.device) -> Moments:
        """Of the features of all parts together; ``size=None`` leaves the images at their own."""
        found: Moments | None = None
        for images in parts:
            for places in torch.split(torch.arange(len(images)), _CHUNK):
                chunk, side = Subset(images, places), size or images.size
                rows = responses(network, chunk, "features", size=side, batch=self.batch, device=device)
                found = Moments.of(rows) if found is None else found + Moments.of(rows)
        assert found is not None
        return found

    def _shrinkage(self, of: Moments) -> float:
        return of.oas() if self.shrinkage == "oas" else self.shrinkage

    def _note(self, one: Moments, other: Moments, session: Session) -> None:
        fewest, dim = min(one.count, other.count), one.dim
        session.reporter.note(
            f"{self.metric}: {one.count:,} images of the task, {other.count:,} of {label_of(self.other)},"
            f" {dim:,} features"
        )
        if fewest <= dim:
            steadied = "" if self.shrinkage else "; take more images, a model of fewer features, or shrinkage=oas"
            session.reporter.note(
                f"{self.metric}: {fewest:,} images are too few for {dim:,} features: a covariance is singular and the"
                f" value biased upwards, fit for comparing equal counts only{steadied}"
            )


def drawn(splits: Splits, split: Split, count: int | None, seed: int, whose: str) -> list[Images]:
    """``count`` images of a split, or of all three, drawn by ``seed`` without repetition; in parts, none empty."""
    parts = [splits.train, splits.val, splits.test] if split == "all" else [getattr(splits, split)]
    total = sum(map(len, parts))
    if total < 2:
        raise DataError(f"frechet_distance: {whose} has {total} images (split={split}); it takes two or more")
    if count is not None and count > total:
        raise RequestError(
            f"frechet_distance: {count} images asked of {whose}, which has {total} (split={split}); ask for at most"
            f" {total}, or leave it empty for all"
        )
    order = torch.randperm(total, generator=torch.Generator().manual_seed(seed))[:count].sort().values
    found: list[Images] = []
    for images in parts:
        inside = (order >= 0) & (order < len(images))
        found += [Subset(images, order[inside])] if bool(inside.any()) else []
        order = order - len(images)
    return found

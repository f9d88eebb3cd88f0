"""The contract of a task: data, what it asks for and the head that answers, its loss and its headline."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from tombola.answers import Answers, Boxes, Classes, Maps
from tombola.batch import Batch, blank
from tombola.data._base import Examples, Images, Splits
from tombola.models.adapted import Adapted, Preprocessing
from tombola.models.network import Network, num_outputs
from tombola.registry import Family, Member
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.mean_score import MeanScore


class Task(Member):
    """What a model is trained for and judged by."""

    family: ClassVar[Family] = Family("tasks", "tombola.tasks", fallback="classification")
    ANSWERS: ClassVar[type[Answers]] = Classes  # of which kind its answers are, known without its data

    @property
    def answers(self) -> Answers:
        """What it asks for; overridden where it is not one of the set's classes."""
        if not issubclass(self.ANSWERS, Classes | Maps | Boxes):
            raise NotImplementedError(
                f"{type(self).__name__}.answers: say how many outputs {self.ANSWERS.__name__} has"
            )
        return self.ANSWERS(len(self.splits().classes))

    @abstractmethod
    def splits(self) -> Splits[Examples]:
        """Train, validation and test; cached in memory while the process lives."""

    @property
    def side(self) -> int | None:
        """Height and width of its test images in pixels; None where it has no images."""
        test = self.splits().test
        return test.size if isinstance(test, Images) else None

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of its test images; None where it has no images."""
        test = self.splits().test
        return test.shape if isinstance(test, Images) else None

    @property
    def length(self) -> int | None:
        """Tokens of a text at most; None where it has no texts."""
        return None

    def check(self) -> None:
        """Raise the `DataError` of data that cannot be had; overridden where that is cheaper than loading."""
        self.splits()

    @abstractmethod
    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        """A copy of the model with a fresh head for this task; body and normaliser are kept as they are."""

    def fits(self, model: Network) -> bool:
        """Whether the head that the model has can answer this task."""
        return num_outputs(model.head) == self.answers.outputs

    def check_net(self, model: Network) -> None:
        """Raise the `ModelError` of a net that cannot be shown the samples; overridden where that can be told."""

    def adapted(self) -> Adapted:
        """What a network says of itself once its head answers this task."""
        return Adapted.of(self.identity(), size=self.side, shape=self.shape, classes=self.splits().classes)

    def unjudged(self, examples: Examples) -> str:
        """Why these samples tell nothing of a network, as ``there are none``; empty where they do."""
        return "" if len(examples) else "there are none"

    def tested(self) -> str:
        """Which images its test split is, in words."""
        return f"the test split of {self.name}"

    def made_ready(self, how: Preprocessing) -> Self:
        """The task with its images made ready like this where its options leave that open; itself where none do."""
        del how
        return self

    def parted_as(self, theirs: Mapping[str, Any]) -> Self:
        """The task split as another one's data were, where both are of the same files; itself where they are not."""
        del theirs
        return self

    def example(self) -> Batch:
        """One sample as a network is shown it, of zeros: for whoever needs shapes only. Its target says nothing."""
        if self.side is not None:
            return blank(self.side)
        batch = self.splits().train.take(torch.zeros(1, dtype=torch.int64)).to_float()
        return batch.replace(x=torch.zeros_like(batch.x), targets=torch.zeros_like(batch.targets))

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        """A training batch changed at random, on its device; the one given stays as it is.

        N samples may become more, as when each is to be known again in another view: then their targets say which
        belong together. As it is, unless overridden.
        """
        del generator
        return batch

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss a sample, (N,)."""

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One score a sample (N,), higher is better (accuracy: 1.0 or 0.0); the loss, less, unless overridden.

        NaN for a sample whose outputs hold NaN: that is no answer, neither right nor wrong.
        """
        return -self.losses(outputs, targets)

    def metric(self) -> Metric:
        """What the headline is over a set, fresh: the mean of `scores`, unless overridden."""
        return MeanScore(self.scores)

"""The loop on what is no labelled image: texts, two views of images without labels, images with boxes, own state."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from tests.fitting.toys import Interrupted, Toy, images, network
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.answers import Answers, Boxes, Classes, Vectors
from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.data._base import Splits
from tombola.data._boxes import Boxed, with_boxes
from tombola.data._texts import Texts
from tombola.data._unlabelled import Unlabelled
from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.fitting.validate import headline
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.objectives._base import Found, Objective, Progress, Running, Standing
from tombola.properties.accuracy import Accuracy
from tombola.properties.headline import Headline
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.average_precision import AveragePrecision

CPU = torch.device("cpu")
SHORT = {"batch": 8, "optimizer": {"name": "adamw", "lr": 0.02, "weight_decay": 0.0}, "schedule": "constant"}


def seeded(*layers: nn.Module) -> nn.Sequential:
    """The layers with weights drawn from a seed of their own."""
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.copy_(0.4 * torch.randn(parameter.shape, generator=drawn))
    return nn.Sequential(*layers)


# Texts ----------------------------------------------------------------------------------------------------------------


def texts(count: int, seed: int) -> Texts:
    """Words 2 to 9 in texts of 1 to 12; the class says whether small words are the more."""
    drawn = torch.Generator().manual_seed(seed)
    ids = tuple(torch.randint(2, 10, (1 + number % 12,), generator=drawn) for number in range(count))
    labels = torch.tensor([int((text < 6).float().mean() > 0.5) for text in ids])
    return Texts(ids, labels, ("large", "small"), multiple=4)


class Reading(Task):
    """Which words are the more?"""

    def splits(self) -> Splits[Texts]:
        return Splits(texts(64, 0), texts(32, 1), texts(40, 2))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(2, generator=generator)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()


Reading.name = "reading"


class Bag(nn.Module):
    """The mean of a text's embeddings, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        parts = seeded(nn.Embedding(10, 6), nn.Linear(6, 2))
        self.table, self.last = parts[0], parts[1]

    def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
        seen = attention_mask[..., None].float()
        found: Tensor = self.last((self.table(x) * seen).sum(1) / seen.sum(1))
        return found


def reader() -> Network:
    """The bag as a network of texts."""
    from tombola.models.inputs.tokens import Words

    return Network(Bag(), Words(), source="bag", head="last")


def test_texts_are_learned_validated_and_measured() -> None:
    how = build(Fit, {**SHORT, "epochs": "12ep", "select": "best_val"})
    trained = how.run(reader(), Reading(), seed=0, session=Session())
    before, after = (
        headline(model, Reading().splits().test, Reading(), device=CPU, bfloat16=False) for model in (reader(), trained)
    )
    assert after > max(0.8, before)
    (found,) = Accuracy().measure(trained, Reading(), seed=0, session=Session())
    assert found.value == pytest.approx(100 * after)
    assert found.samples == 40
    assert found.outcomes


def test_a_training_on_texts_has_the_same_bits_again_and_in_parts_the_same_batches() -> None:
    how = build(Fit, {**SHORT, "epochs": "3ep"})
    one, again = (how.run(reader(), Reading(), seed=0, session=Session()) for _ in range(2))
    assert weights_digest(one) == weights_digest(again)
    parts = build(Fit, {**SHORT, "epochs": "3ep", "shards": 2}).run(reader(), Reading(), seed=0, session=Session())
    for mine, theirs in zip(one.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-3)


@pytest.mark.parametrize("objective", ["adversarial", "trades", "fast", "noise"])
def test_words_are_attacked_where_they_are_continuous(objective: str) -> None:
    how = build(Fit, {**SHORT, "epochs": "2ep", "objective": objective})
    trained = how.run(reader(), Reading(), seed=0, session=Session())
    plain = build(Fit, {**SHORT, "epochs": "2ep"}).run(reader(), Reading(), seed=0, session=Session())
    assert weights_digest(trained) != weights_digest(plain)


# Two views ------------------------------------------------------------------------------------------------------------


class Contrastive(Task):
    """Which of the other views is of the same image?"""

    ANSWERS: ClassVar[type[Answers]] = Vectors

    @property
    def answers(self) -> Answers:
        return Vectors(3)

    def splits(self) -> Splits[Unlabelled]:
        return Splits(*(Unlabelled(images(24, seed)) for seed in range(3)))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(3, generator=generator)

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        x = torch.cat([batch.x, batch.x])
        moved = x + 0.1 * torch.randn(x.shape, generator=generator)
        return Batch(moved.clamp(0, 1), batch.targets.repeat(2))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self._likeness(outputs), self._partner(targets), reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (self._likeness(outputs).argmax(1) == self._partner(targets)).float()

    @staticmethod
    def _likeness(outputs: Tensor) -> Tensor:
        unit = F.normalize(outputs, dim=1)
        return (unit @ unit.T / 0.2).fill_diagonal_(-1e9)

    @staticmethod
    def _partner(targets: Tensor) -> Tensor:
        same = targets[:, None] == targets[None]
        return (same & ~torch.eye(len(targets), dtype=torch.bool)).float().argmax(1)


Contrastive.name = "contrastive_toy"


def test_two_views_of_images_without_labels_are_learned_from() -> None:
    task = Contrastive()
    seen = task.views(task.splits().train.take(torch.arange(4)).to_float(), generator=torch.Generator())
    assert (len(seen), seen.targets.tolist()) == (8, [0, 1, 2, 3] * 2)
    lost = []
    for epochs in ("1it", "40it"):
        trained = build(Fit, {**SHORT, "epochs": epochs}).run(network(), task, seed=0, session=Session())
        shown = task.views(task.splits().test.take(torch.arange(24)).to_float(), generator=torch.Generator())
        with torch.no_grad():
            lost.append(float(task.losses(trained(shown.x), shown.targets).mean()))
    assert lost[1] < lost[0] - 0.1


# Boxes ----------------------------------------------------------------------------------------------------------------


def squares(count: int, seed: int) -> Boxed:
    """A bright square of four pixels' side somewhere in each image but every fifth."""
    drawn = torch.Generator().manual_seed(seed)
    pixels = torch.zeros(count, 3, 8, 8, dtype=torch.uint8)
    boxes = []
    for place in range(count):
        left, top = (4 * torch.randint(0, 2, (2,), generator=drawn)).tolist()
        there = [] if place % 5 == 0 else [[0.0, left, top, left + 4, top + 4]]
        boxes.append(torch.tensor(there).view(-1, 5))
        if there:
            pixels[place, :, top : top + 4, left : left + 4] = 250
    return with_boxes(pixels, boxes, ("square",))


class Finding(Task):
    """Where are the squares?"""

    ANSWERS: ClassVar[type[Answers]] = Boxes

    def splits(self) -> Splits:
        return Splits(squares(40, 0), squares(10, 1), squares(20, 2))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Of four places, each a quarter of the image: whether a square is there."""
        there = torch.zeros(len(outputs), 4)
        rows, own = (targets[..., 0] >= 0).nonzero(as_tuple=True)
        corner = targets[rows, own, 1:3].long() // 4
        there[rows, corner[:, 1] * 2 + corner[:, 0]] = 1
        return F.binary_cross_entropy_with_logits(outputs[:, 6].flatten(1), there, reduction="none").mean(1)

    def metric(self) -> Metric:
        return AveragePrecision()


Finding.name = "finding_toy"


class Quarters(nn.Module):
    """(N, 7, 2, 2): for each quarter its box, its middle, and whether something is there."""

    def __init__(self) -> None:
        super().__init__()
        self.last = seeded(nn.Conv2d(3, 1, 1))[0]

    def forward(self, x: Tensor) -> Tensor:
        sure = F.avg_pool2d(self.last(x), 4)
        corner = torch.tensor([[[0.0, 4], [0, 4]], [[0, 0], [4, 4]]])
        return torch.cat([torch.cat([corner, corner + 4, corner + 2]).expand(len(x), -1, -1, -1), sure], 1)


def test_boxes_are_learned_and_judged_by_average_precision() -> None:
    model, task = Network(Quarters(), source="quarters", head="last"), Finding()
    assert task.answers == Boxes(1)
    how = build(Fit, {**SHORT, "epochs": "20ep", "select": "best_val"})
    trained = how.run(model, task, seed=0, session=Session())
    test = task.splits().test
    judged = [headline(each, test, task, device=CPU, bfloat16=False) for each in (model, trained)]
    assert judged[1] > max(0.9, judged[0])
    (found,) = Headline().measure(trained, task, seed=0, session=Session())
    assert (found.metric, found.value, found.samples) == ("average_precision", judged[1], 20)
    with pytest.raises(RequestError, match="has a target a box"):
        Accuracy().check(task)


# Own state ------------------------------------------------------------------------------------------------------------


class Prototypes(Objective):
    """Outputs are drawn to what outputs were, and scaled by a number that is trained too."""

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        outputs = model(batch.x, **batch.more)
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Remembering(self)


Prototypes.name = "prototypes"


class Remembering(Running):
    """A memory of the mean output, moved after each step, and a scale in the optimizer; `stop` raises at a step."""

    stop: ClassVar[int] = -1

    def __init__(self, objective: Prototypes) -> None:
        super().__init__(objective)
        self.scale = nn.Parameter(torch.ones(()))
        self.memory = torch.zeros(3)
        self.seen = torch.zeros(3)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        found = self.objective.loss(model, batch, criterion, at=at, generator=generator)
        self.seen = found.outputs.detach().mean(0)
        away = (self.scale * found.outputs - self.memory).square().mean()
        return Found(found.loss + 0.1 * away, found.outputs)

    def parameters(self) -> list[nn.Parameter]:
        return [self.scale]

    def after_step(self, training: Standing) -> None:
        self.memory = 0.5 * self.memory + self.seen
        if training.at.step == type(self).stop:
            raise Interrupted

    def tensors(self) -> dict[str, Tensor]:
        return {"scale": self.scale.detach(), "memory": self.memory}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            self.scale.copy_(tensors["scale"])
        self.memory = tensors["memory"]


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_what_an_objective_carries_and_trains_resumes_bit_for_bit(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = build(Fit, {**SHORT, "epochs": "9it", "objective": Prototypes(), "checkpoint_every": "1it", "clip": 1.0})
    straight = recipe.run(network(), Toy(), seed=0, session=Session())
    monkeypatch.setattr(Remembering, "stop", stop)
    with pytest.raises(Interrupted):
        recipe.run(network(), Toy(), seed=0, session=Session(tmp_path))
    monkeypatch.setattr(Remembering, "stop", -1)
    again = recipe.run(network(), Toy(), seed=0, session=Session(tmp_path))
    assert weights_digest(again) == weights_digest(straight)
    plain = build(Fit, {**SHORT, "epochs": "9it", "clip": 1.0}).run(network(), Toy(), seed=0, session=Session())
    assert weights_digest(again) != weights_digest(plain)


def test_the_kinds_of_answers_say_their_outputs() -> None:
    assert Classes(3).outputs == 3
    assert Boxes(2).outputs == 6
    assert Vectors(8).outputs == 8

"""MoCo: the loss by hand, the queue and the encoder that follows, masks on both, and checkpoints that hold them all."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Interrupted, Toy, masks, network
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session, Silent
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.objectives._base import START, Objective, Progress, Running, Standing
from tombola.objectives.free import Free
from tombola.objectives.moco import Following, MoCo, Queue
from tombola.spec import build
from tombola.tasks._base import Task

TASK = Task.parse({"name": "contrastive", "data": {"name": "glyphs", "num_train": 64, "size": 16}, "outputs": 5})
SHORT = {"batch": 16, "optimizer": {"name": "sgd", "lr": 0.1}, "schedule": "constant", "epochs": "6it"}
SMALL = {"name": "moco", "queue": 27, "momentum": 0.9}  # 27 is no multiple of 16


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def headed() -> Network:
    return TASK.head(network(), generator=rng())


def trained(folder: Path | None = None, *, under: Masks | None = None, **more: Any) -> Network:
    recipe = build(Fit, {**SHORT, "objective": SMALL, **more})
    return recipe.run(headed(), TASK, masks=under, seed=0, session=Session(folder))


class Given(nn.Module):
    """The vectors that are shown, times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def following(net: nn.Module, **options: Any) -> Following:
    found = MoCo(**{"queue": 3, "parts": 1, **options}).begin(net, TASK, seed=0)
    assert isinstance(found, Following)
    return found


VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.6, 0.8], [0.0, 1.0]])  # views of images 0, 1, 0, 1


def loss_of(running: Following, net: nn.Module, part: int = 0) -> tuple[Tensor, Tensor]:
    at = Progress(part=part, parts=2)
    return running.loss(net, Batch(VECTORS, torch.tensor([0, 1, 0, 1])), lambda o, _: o.sum(1), at=at, generator=rng())


# The loss -----------------------------------------------------------------------------------------------------------


def test_a_query_is_told_its_key_among_the_queue() -> None:
    net = Given()
    running = following(net, temperature=0.5)
    running.queues[0] = Queue(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))
    loss, outputs = loss_of(running, net)
    cosines = torch.tensor([[0.6, 1.0, 0.0, -1.0], [1.0, 0.0, 1.0, 0.0]]) / 0.5
    by_hand = (cosines.logsumexp(1) - cosines[:, 0]).mean()
    assert float(loss.detach()) == pytest.approx(float(by_hand), abs=1e-6)
    assert torch.allclose(outputs.detach(), nn.functional.normalize(VECTORS, dim=1), atol=1e-6), "views in their places"
    assert running.queues[0].keys[0].tolist() == [1.0, 0.0], "a batch's own keys are not in the queue yet"
    running.after_backward()
    assert torch.allclose(running.queues[0].keys, torch.tensor([[0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]]), atol=1e-6)


def test_keys_get_no_gradient_and_come_from_the_follower() -> None:
    net = Given()
    running = following(net)
    with torch.no_grad():
        net.scale.fill_(-1)  # the follower's is 1 as yet
    _, outputs = loss_of(running, net)
    assert outputs[0].tolist() == [-1.0, 0.0]
    assert torch.allclose(outputs[2], torch.tensor([0.6, 0.8]))
    assert (outputs.requires_grad, running.encoder.get_parameter("scale").requires_grad) == (True, False)


def test_a_queue_takes_new_keys_where_the_oldest_are_around_its_end() -> None:
    queue = Queue(torch.zeros(5, 1))
    for first in (1, 4, 7):
        queue.take(torch.arange(first, first + 3.0)[:, None])
    assert (queue.keys.flatten().tolist(), queue.oldest) == ([6, 7, 8, 9, 5], 4)


def test_each_shard_has_a_queue_of_its_own() -> None:
    net = Given()
    running = following(net)
    for part in (0, 1):
        loss_of(running, net, part)
    assert sorted(name for name in running.tensors() if "queue" in name) == ["0/queue", "1/queue"]


@pytest.mark.parametrize(("parts", "sizes"), [(1, [8] * 2), (2, [4] * 4), (3, [3, 3, 2] * 2), (99, [2] * 8)])
def test_batch_statistics_are_of_parts_and_keys_are_dealt_anew(parts: int, sizes: list[int]) -> None:
    seen: list[Tensor] = []

    def noting(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    class Noting(Given):
        def forward(self, x: Tensor) -> Tensor:
            return noting(x) * self.scale

    x, net = torch.randn((16, 2), generator=rng()), Noting()
    MoCo(parts=parts).loss(net, Batch(x, torch.arange(8).repeat(2)), lambda o, _: o, at=START, generator=rng(1))
    assert [len(one) for one in seen] == sizes
    assert torch.equal(torch.cat(seen)[:8], x[:8]), "queries in their order"
    keys = torch.cat(seen)[8:]
    assert not torch.equal(keys, x[8:])
    assert torch.equal(keys.sort(0).values, x[8:].sort(0).values)


# In a training ------------------------------------------------------------------------------------------------------


def watched(monkeypatch: pytest.MonkeyPatch, look: Any) -> None:
    """Has ``look`` called after every step."""
    own = Following.after_step

    def after_step(self: Following, training: Standing) -> None:
        before = {name: parameter.clone() for name, parameter in self.encoder.named_parameters()}
        own(self, training)
        look(self, training, before)

    monkeypatch.setattr(Following, "after_step", after_step)


def test_the_encoder_follows_the_network_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def look(running: Following, training: Standing, before: dict[str, Tensor]) -> None:
        steps.append(training.at.step)
        theirs = dict(training.network.named_parameters())
        for name, parameter in running.encoder.named_parameters():
            assert torch.allclose(parameter, 0.9 * before[name] + 0.1 * theirs[name], atol=1e-6)
        assert all(map(torch.equal, running.encoder.buffers(), training.network.buffers()))

    watched(monkeypatch, look)
    trained()
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "changes", [(), ({"name": "prune", "sparsity": 0.8, "start": 0.1, "end": 0.7, "every": "1it"},)]
)
def test_pruned_weights_are_0_in_both_encoders_after_every_step(changes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = []

    def look(running: Following, training: Standing, before: dict[str, Tensor]) -> None:
        assert training.masks is not None
        body = running.encoder.get_submodule("body")
        for name, mask in training.masks.items():
            assert not bool(body.get_parameter(name)[~mask].count_nonzero()), f"{name} at {training.at.step}"
        zeros.append(sum(int((~mask).sum()) for mask in training.masks.values()))

    watched(monkeypatch, look)
    trained(under=masks(network()), changes=changes)
    assert len(zeros) == 6
    assert (zeros[-1] > zeros[0]) is bool(changes)


@pytest.mark.parametrize("more", [{}, {"shards": 2}, {"ema": 0.5}])
@pytest.mark.parametrize("stop", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_and_resumed_it_has_the_same_bits_and_the_same_zeros(
    stop: int, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = masks(network())
    straight = trained(under=own, **more)

    def look(running: Following, training: Standing, before: dict[str, Tensor]) -> None:
        if training.at.step == stop + 1:
            raise Interrupted

    with monkeypatch.context() as patch:
        watched(patch, look)
        with pytest.raises(Interrupted):
            trained(tmp_path, under=own, checkpoint_every="1it", **more)
    again = trained(tmp_path, under=own, checkpoint_every="1it", **more)
    assert weights_digest(again) == weights_digest(straight)
    for name, mask in own.items():
        assert torch.equal(again.body.get_parameter(name) != 0, mask), "no more and no fewer zeros than asked"


def test_it_carries_its_queue_its_place_and_its_encoder() -> None:
    net = headed()
    running = following(net, queue=40)
    batch = TASK.views(TASK.splits().train.take(torch.arange(6)).to_float(), generator=rng())
    running.loss(net, batch, TASK.losses, at=START, generator=rng())
    running.after_backward()
    carried = running.tensors()
    assert carried["0/queue"].shape == (40, 5)
    assert int(carried["0/oldest"]) == 6
    assert {name for name in carried if name.startswith("encoder/")} == {
        f"encoder/{name}" for name, _ in net.named_parameters()
    }


def test_it_trains_and_differs_from_simclr() -> None:
    natural = build(Fit, SHORT).run(headed(), TASK, seed=0, session=Session())
    assert weights_digest(trained()) == weights_digest(trained()) != weights_digest(natural)
    assert weights_digest(trained(precision="bfloat16")) != weights_digest(trained())


# Bad input ----------------------------------------------------------------------------------------------------------


def test_a_queue_shorter_than_a_batch_is_refused_with_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"queue=15 is shorter .* 16 keys; write objective\.queue=16 or more"):
        trained(objective={"name": "moco", "queue": 15})
    trained(objective={"name": "moco", "queue": 16}, epochs="1it")


@pytest.mark.parametrize(("queue", "said"), [(64, False), (65, True)])
def test_a_queue_longer_than_the_set_is_said(queue: int, said: bool) -> None:
    heard: list[str] = []

    class Hearing(Silent):
        def note(self, text: str) -> None:
            heard.append(text)

    recipe = build(Fit, {**SHORT, "objective": {"name": "moco", "queue": queue}, "epochs": "1it"})
    recipe.run(headed(), TASK, seed=0, session=Session(reporter=Hearing()))
    assert any("queue=65 is longer than the set, which has 6" in text for text in heard) is said


def test_a_task_of_labels_is_refused_with_what_to_write() -> None:
    with pytest.raises(RequestError, match="toy has a target a sample; write the task contrastive:SET"):
        build(Fit, {**SHORT, "objective": "moco"}).run(network(), Toy(), seed=0, session=Session())


@pytest.mark.parametrize("objective", [MoCo(queue=3, parts=1), Free()])
def test_after_a_resume_a_process_files_its_own_parts_alone(objective: Objective) -> None:
    """A checkpoint brings every process all parts; filed again, those of others would be as old as the checkpoint."""
    net, batch = Given(), Batch(VECTORS, torch.tensor([0, 1, 0, 1]))
    running, again = (objective.begin(net, TASK, seed=0) for _ in range(2))

    def work(what: Running, part: int) -> None:
        at = Progress(part=part, parts=2)
        loss, _ = what.loss(net, batch, lambda outputs, _: outputs.sum(1), at=at, generator=rng())
        torch.autograd.backward(loss)
        what.after_backward()

    work(running, 0)
    work(running, 1)
    again.restore(running.tensors())
    work(again, 1)
    parts = {name.partition("/")[0] for name in again.tensors()} - {"encoder"}
    assert parts == {"1"}

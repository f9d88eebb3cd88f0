"""A batch worked in parts: what it must equal by hand, how parts are cut, what is refused."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.fitting.on_ranks import FAST, FREE, fit
from tests.fitting.toys import Failing, Interrupted, Toy, images, masks, network
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.batch import Batch
from tombola.errors import DataError, OptionError
from tombola.fitting.feed import Feed, pieces
from tombola.fitting.fit import Fit
from tombola.fitting.ranks import ALONE
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.fitting.sharding import Shards
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.spec import build

CPU = torch.device("cpu")
PLAIN: dict[str, Any] = {
    "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.0, "weight_decay": 0.0},
    "schedule": "constant",
}


class Unchanged(Toy):
    """The same task without augmentation, which parts would draw differently."""

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        return batch


Unchanged.name = "toy"


def without_norms() -> Network:
    """Convolutions and a head: nothing in it sees other images of the batch."""
    body = network().body
    assert isinstance(body, nn.Sequential)
    return Network(nn.Sequential(*(layer for layer in body if not isinstance(layer, nn.BatchNorm2d))), source="toy")


@pytest.mark.parametrize("shards", [2, 4])
def test_without_batch_norm_parts_change_nothing_but_rounding(shards: int) -> None:
    """Also of a last batch that is cut unevenly: 43 images are two batches of 16 and one of 11."""
    task = Unchanged(num_train=43)
    whole = fit(**PLAIN, shards=1).run(without_norms(), task, seed=0, session=Session())
    parts = fit(**PLAIN, shards=shards).run(without_norms(), task, seed=0, session=Session())
    start = without_norms()
    for one, other, before in zip(whole.parameters(), parts.parameters(), start.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
        assert not torch.allclose(one, before, atol=1e-3)


def test_with_batch_norm_it_is_what_two_networks_do_by_hand() -> None:
    """Own batch statistics for each part, the mean of gradients, the running statistics of the first part."""
    trained = fit(**PLAIN, epochs="3it").run(network(), Toy(), seed=0, session=Session())
    twin, task = network().train(), Toy()
    feed = Feed(task.splits().train, 16, seed=0, device=CPU, drop_last=False, shards=2)
    for step in range(3):
        before = {name: buffer.clone() for name, buffer in twin.named_buffers()}
        after: dict[str, Tensor] = {}
        total = [torch.zeros_like(weight) for weight in twin.parameters()]
        for shard in range(2):
            for name, buffer in twin.named_buffers():
                buffer.copy_(before[name])
            part = task.views(feed.batch_at(step, shard), generator=generator(0, "augment", step, shard))
            found = torch.autograd.grad(F.cross_entropy(twin(part.x), part.targets), list(twin.parameters()))
            total = [sum_ + gradient * len(part) for sum_, gradient in zip(total, found, strict=True)]
            after = after or {name: buffer.clone() for name, buffer in twin.named_buffers()}
        with torch.no_grad():
            for weight, gradient in zip(twin.parameters(), total, strict=True):
                weight.sub_(0.05 * gradient / (16 if step < 2 else 8))
            for name, buffer in twin.named_buffers():
                buffer.copy_(after[name])
    for (name, one), other in zip(trained.state_dict().items(), twin.state_dict().values(), strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-6), name


def test_it_counts_a_step_once() -> None:
    trained = fit(epochs="5it", shards=4).run(network(), Toy(), seed=0, session=Session())
    assert trained.body.get_submodule("1").num_batches_tracked == 5


@given(count=st.integers(1, 200), shards=st.sampled_from([1, 2, 4, 8]))
def test_pieces_are_even_and_whole(count: int, shards: int) -> None:
    sizes = pieces(count, shards)
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)


@given(count=st.integers(4, 60), each=st.integers(1, 16), shards=st.sampled_from([1, 2, 4]))
def test_the_parts_of_a_step_are_its_batch_in_order(count: int, each: int, shards: int) -> None:
    data = images(count, 0)
    whole = Feed(data, each * shards, seed=1, device=CPU, drop_last=True)
    parts = Feed(data, each * shards, seed=1, device=CPU, drop_last=False, shards=shards)
    for step in range(whole.per_epoch):
        cut = [parts.batch_at(step, shard).x for shard in range(shards)]
        assert torch.equal(torch.cat(cut), whole.batch_at(step).x)
        assert parts.shares(step) == pytest.approx([len(x) / sum(map(len, cut)) for x in cut])
    assert all(len(parts.batch_at(parts.per_epoch - 1, shard)) for shard in range(shards))


def test_a_last_batch_is_kept_when_each_part_has_two_images() -> None:
    counts = [Feed(images(n, 0), 16, seed=0, device=CPU, drop_last=False, shards=4).per_epoch for n in (39, 40)]
    assert counts == [2, 3]


def test_gradients_of_parts_are_added_pairwise() -> None:
    """(a + b) + (c + d), so that two processes of two parts each add the same numbers."""
    weight = nn.Parameter(torch.zeros(1))
    holder = nn.Module()
    holder.register_parameter("weight", weight)
    given = [1.0, 2.0**-24, 2.0**-24, 2.0**-24]

    def part(shard: int) -> Tensor:
        (weight * given[shard]).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return torch.zeros(2)

    Shards(holder, [], holder, 4, ALONE).work(part)
    assert weight.grad is not None
    one, tiny = torch.tensor(1.0), torch.tensor(2.0**-24)
    assert weight.grad == (one + tiny) + (tiny + tiny) != one + tiny + tiny + tiny


KINDS: dict[str, dict[str, Any]] = {
    "average": {"ema": 0.9, "select": "best_val", "clip": 0.5},
    "free": {"objective": FREE},
    "fast": {"objective": FAST},
    "four": {"shards": 4},
}


@cache
def unstopped(kind: str) -> str:
    """What a training that nobody stops ends with."""
    recipe, model = fit(**KINDS[kind], checkpoint_every="1it"), network(dropout=0.2)
    return weights_digest(recipe.run(model, Toy(), masks=masks(model), seed=3, session=Session()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [4, *(pytest.param(more, marks=pytest.mark.slow) for more in (1, 7))])
def test_stopped_anywhere_it_continues_bit_for_bit(kind: str, stop: int, tmp_path: Path) -> None:
    recipe, model = fit(**KINDS[kind], checkpoint_every="1it"), network(dropout=0.2)
    kept = masks(model)
    with pytest.raises(Interrupted):
        recipe.run(model, Failing(good=stop), masks=kept, seed=3, session=Session(tmp_path))
    again = recipe.run(model, Toy(), masks=kept, seed=3, session=Session(tmp_path))
    assert weights_digest(again) == unstopped(kind)
    assert all(not bool(dict(again.body.named_parameters())[name][~mask].any()) for name, mask in kept.items())


def test_shards_are_part_of_what_a_training_is_and_no_old_key_moves() -> None:
    assert "shards" not in fit(shards=1).identity()
    assert fit(shards=1).identity() == build(Fit, _plain()).identity()
    assert fit(shards=2).identity()["shards"] == 2


def _plain() -> dict[str, Any]:
    return {"epochs": "2ep", "batch": 16, "optimizer": {"name": "sgd", "lr": 0.05}, "precision": "float32"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"shards": 3, "batch": 6}, "no power of two"),
        ({"shards": 4, "batch": 18}, "try batch=16"),
        ({"shards": 0}, "shards"),
    ],
)
def test_parts_that_are_not_equal_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        fit(**options)


def test_fewer_images_than_parts_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be cut into shards=4"):
        fit(shards=4).run(network(), Toy(num_train=3), seed=0, session=Session())

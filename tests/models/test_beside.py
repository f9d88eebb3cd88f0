"""`continuous`: images stay as they are; of texts the embeddings move, and the rest of the batch stands beside."""

import pytest
import torch
from tests.models.texts import bag, texts
from torch import nn

from tombola.attacks.pgd import pgd
from tombola.batch import Batch
from tombola.errors import ModelError
from tombola.models.beside import Beside, bounds_of, continuous
from tombola.models.embeddings import table_of
from tombola.models.network import Network


def test_images_and_their_network_are_untouched() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), source="toy")
    batch = Batch(torch.rand(2, 3, 2, 2), torch.zeros(2))
    for model in (network, network.body):
        assert continuous(model, batch) == (model, batch.x)
        assert bounds_of(model) == (0.0, 1.0)


def test_at_the_words_themselves_it_answers_as_the_network_does() -> None:
    network, batch = bag(), texts()
    model, x = continuous(network, batch)
    assert isinstance(model, Beside)
    assert torch.equal(model(x), network(batch.x, **batch.more))
    assert bounds_of(network) == (-torch.inf, torch.inf)


def test_gradients_reach_the_table_as_from_ids() -> None:
    network, batch = bag(), texts()
    model, x = continuous(network, batch)
    table = table_of(network.body)
    (beside,) = torch.autograd.grad(model(x).sum(), table.weight)
    (plain,) = torch.autograd.grad(network(batch.x, **batch.more).sum(), table.weight)
    assert torch.equal(beside, plain)
    assert bool(plain.abs().sum() > 0)


def test_an_attack_moves_embeddings_within_its_ball_and_raises_the_loss() -> None:
    network, batch = bag(), texts()
    model, x = continuous(network, batch)
    targets = torch.tensor([0, 1])

    def criterion(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    rng = torch.Generator().manual_seed(0)
    moved = pgd(model, x, targets, criterion, eps=0.2, steps=4, generator=rng, bounds=bounds_of(network))
    assert 0 < (moved - x).abs().max() <= 0.2 + 1e-6
    assert bool((criterion(model(moved), targets) > criterion(model(x), targets)).all())


def test_samples_cannot_leave_what_stands_beside_them() -> None:
    model, x = continuous(bag(), texts())
    with pytest.raises(ModelError, match="1 samples of a batch of 2"):
        model(x[:1])


def test_a_wrapped_network_is_found() -> None:
    model, x = continuous(nn.DataParallel(bag()), texts())
    assert model(x).shape == (2, 3)

"""Transfers: what may change does, what may not stays bit for bit, and the classifier found is the best one."""

from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, masks, network
from torch import Tensor

from tombola import verbs
from tombola.errors import OptionError, RequestError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.transfers._features import Features, features_of
from tombola.transfers._logistic import joined, minimum, solved
from tombola.transfers.finetune import Finetune
from tombola.transfers.linear import Linear
from tombola.transfers.linear_sgd import LinearSGD

CPU = torch.device("cpu")
FIT = {"epochs": "4ep", "batch": 16, "optimizer": {"lr": 0.05}, "precision": "float32"}
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def adapted(transfer: Any, model: Network, seed: int = 0) -> Network:
    result: Network = transfer.adapt(model, masks(model), Toy(), seed=seed, session=Session())
    return result


def changed(model: Network, result: Network) -> set[str]:
    """Names of the body's tensors, the head's apart, that differ from the masked model's."""
    kept = masks(model)
    names = [name for name in model.body.state_dict() if not name.startswith(model.head_name)]
    before = {name: tensor * kept[name] if name in kept else tensor for name, tensor in model.body.state_dict().items()}
    return {name for name in names if not torch.equal(before[name], result.body.state_dict()[name])}


def accuracy(model: Network) -> float:
    test = Toy().splits().test
    with torch.no_grad():
        return float(Toy().scores(model(test.pixels_at(torch.arange(len(test))).float() / 255), test.labels).mean())


@pytest.mark.parametrize(
    ("transfer", "may_change"),
    [
        (Linear(), set()),
        (Linear(bn="recalibrated"), set(STATISTICS)),
        (build(LinearSGD, {"fit": FIT}), set()),
        (build(LinearSGD, {"fit": FIT, "bn": "recalibrated"}), set(STATISTICS)),
        (build(LinearSGD, {"fit": FIT, "bn": "adapt"}), set(STATISTICS)),
    ],
    ids=["linear", "linear-recalibrated", "sgd", "sgd-recalibrated", "sgd-adapt"],
)
def test_the_body_is_bit_identical_but_for_the_statistics_asked_for(transfer: Any, may_change: set[str]) -> None:
    model = network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    result = adapted(transfer, model)
    assert {name.rpartition(".")[2] for name in changed(model, result)} == may_change
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not result.training


@pytest.mark.parametrize("transfer", [Linear(), build(LinearSGD, {"fit": FIT}), build(Finetune, {"fit": FIT})])
def test_the_same_seed_gives_the_same_bits(transfer: Any) -> None:
    first, second = (adapted(transfer, network()).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_finetuning_moves_the_body_and_keeps_pruned_weights_at_zero() -> None:
    model = network()
    result = adapted(build(Finetune, {"fit": FIT}), model)
    assert "0.weight" in changed(model, result)
    assert all(not result.body.get_parameter(name)[~mask].any() for name, mask in masks(model).items())


def test_finetuning_learns_and_its_default_is_the_papers_recipe() -> None:
    assert Finetune().fit.optimizer.identity()["weight_decay"] == 1e-4
    learned = adapted(build(Finetune, {"fit": {**FIT, "epochs": "15ep"}}), network())
    assert accuracy(learned) > 0.6


def test_the_convex_head_is_at_least_as_good_as_the_trained_one() -> None:
    model = network()
    assert accuracy(adapted(Linear(), model)) >= accuracy(adapted(build(LinearSGD, {"fit": FIT}), model))


def toy_features(count: int, seed: int) -> Features:
    """Two overlapping clouds in three dimensions, the last of them constant."""
    drawn = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    values = torch.randn(count, 3, generator=drawn, dtype=torch.float64) + labels[:, None]
    values[:, 2] = 5.0
    return Features(values, labels)


def test_the_minimum_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    train, strength = toy_features(80, 0), 0.05
    ours = minimum(train.values, train.labels, Toy(), strength, torch.zeros(2, 4, dtype=torch.float64))
    # scikit-learn's C weighs the summed loss of a binary problem whose one weight vector is the difference of two.
    theirs = LogisticRegression(C=2 / (strength * 80), tol=1e-10, max_iter=1000).fit(train.values, train.labels)
    difference: Tensor = (ours[1] - ours[0])[:3]
    torch.testing.assert_close(difference, torch.tensor(theirs.coef_[0]), atol=2e-4, rtol=1e-3)


def test_folding_the_scale_into_the_head_changes_no_logit_and_a_constant_feature_gets_no_weight() -> None:
    train, val = toy_features(80, 0), toy_features(40, 1)
    found = solved(train, val, Toy(), 2, (0.01,))
    mean, std = train.values.mean(0), train.values.std(0, correction=0)
    scaled = (train.values - mean) / std.clamp_min(1e-9)
    scaled[:, 2] = 0
    point = minimum(scaled, train.labels, Toy(), 0.01, torch.zeros(2, 4, dtype=torch.float64))
    torch.testing.assert_close(train.values @ found.weight.T + found.bias, scaled @ point[:, :3].T + point[:, 3])
    assert not found.weight[:, 2].any()


def test_the_penalty_is_chosen_on_validation_the_stronger_of_equals() -> None:
    train, val = toy_features(80, 0), toy_features(40, 1)
    each = [solved(train, val, Toy(), 2, (strength,)) for strength in (1.0, 0.1, 0.01)]
    chosen = solved(train, val, Toy(), 2, (0.01, 1.0, 0.1))
    best = max(each, key=lambda solution: (solution.score, solution.strength))
    assert (chosen.strength, chosen.score) == (best.strength, best.score)


def test_features_are_what_enters_the_head() -> None:
    model = network().eval()
    images = Toy().splits().test
    found = features_of(model, images, device=CPU)
    x = images.pixels_at(torch.arange(30)).float() / 255
    with torch.no_grad():
        torch.testing.assert_close(model.head(found.values.float()), model(x))


def test_adapt_is_explained_where_nothing_is_trained_in_steps() -> None:
    with pytest.raises(OptionError, match="linear_sgd"):
        build(Linear, {"bn": "adapt"})


def test_a_head_that_is_not_linear_is_refused() -> None:
    class Odd(Toy):
        def head(self, model: Network, *, generator: torch.Generator) -> Network:
            copy = model.copy()
            copy.head_name = "8"
            return copy

    model = network()
    with pytest.raises(RequestError, match="needs a Linear layer"):
        Linear().adapt(model, masks(model), Odd(), seed=0, session=Session())


def test_the_fresh_head_depends_on_the_seed() -> None:
    heads = [Toy().head(network(), generator=generator(seed, "head")).head for seed in (0, 1)]
    assert not torch.equal(heads[0].get_parameter("weight"), heads[1].get_parameter("weight"))


@pytest.mark.parametrize("how", ["finetune", "linear", "linear_sgd"])
def test_a_mask_of_the_old_head_does_not_reach_the_new_one(how: str) -> None:
    """prunable=open_lth prunes the classifier too; a task of other classes brings a new one."""
    model = verbs.as_network({"name": "resnet8", "width": 0.25}).with_head(7, generator=torch.Generator())
    ticket = verbs.draw(model, {"name": "omp", "prunable": "open_lth", "sparsity": 0.5})
    assert f"{model.head_name}.weight" in ticket.masks
    options = {} if how == "linear" else {"fit": {"epochs": "1it", "batch": 16}}
    task = Task.parse({"name": "digits", "num_train": 60})
    adapted = verbs.transfer(model, ticket, task, {"name": how, **options})
    weight = dict(adapted.head.named_parameters())["weight"]
    assert weight.count_nonzero() == weight.numel() > 0
    kept = verbs.keep(adapted, ticket, task)
    assert f"{model.head_name}.weight" not in kept.masks


def test_refitting_takes_training_and_validation_images_together() -> None:
    found = adapted(Linear(strengths=(0.1,), refit="train+val"), network())
    splits = Toy().splits()
    train, val = (features_of(found, images, device=CPU) for images in (splits.train, splits.val))
    wanted = solved(joined(train, val), val, Toy(), 3, (0.1,))
    head = found.body.get_parameter("9.weight")
    torch.testing.assert_close(head.detach().double(), wanted.weight, atol=1e-5, rtol=1e-4)
    alone = solved(train, val, Toy(), 3, (0.1,)).weight
    assert not torch.allclose(head.detach().double(), alone, atol=1e-2)

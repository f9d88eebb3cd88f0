"""A network that learns its masks: gradients, frozen weights, one look for masks a step, attacks that see the masks."""

import copy
from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.attacks import _folding
from tombola.attacks._base import Attack
from tombola.errors import Diverged
from tombola.fitting.fit import Fit
from tombola.fitting.masked_layers import learning, masked_layers, unmasked
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.enforce import apply_masks
from tombola.masks.learning.following import Following
from tombola.masks.patterns._base import Pattern
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.spec import build

PATTERNS = ["element", "stripe:4", "row", "kernel", "channel", "nm:2:4"]
PGD = {"name": "pgd", "eps": 0.1, "steps": 3}


def varied() -> Network:
    """Plain, grouped and depthwise convolutions, a hidden linear layer, a head."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, groups=2),
            nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.BatchNorm2d(8),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 12),
            nn.ReLU(),
            nn.Linear(12, 3),
        )
    return Network(body, source="varied")


def learner(
    model: Network,
    *,
    pattern: str = "element",
    budget: str = "uniform",
    sparsity: float = 0.5,
    rule: str = "double_win",
    train_head: bool = True,
) -> Network:
    """One whose scores begin as magnitudes."""
    weights = prunable(model.body, rule)
    layers, kind = layers_of(model.body, weights), Pattern.parse(pattern)
    groups = groupings(weights, kind, layers)
    scores = {name: groups[name].means(weight.detach().abs()) for name, weight in weights.items()}
    shares = Budget.parse(budget)
    following = Following(scores, sparsity, pattern=kind, budget=shares, groupings=groups, layers=layers)
    return learning(model, scores, following, groups, train_head=train_head)


def batch(count: int = 8) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(3)
    return torch.rand((count, 3, 8, 8), generator=drawn), torch.randint(3, (count,), generator=drawn)


def fit(**options: Any) -> Fit:
    plain = {"name": "sgd", "lr": 0.5, "weight_decay": 0.0}
    return build(Fit, {"epochs": "6it", "batch": 16, "optimizer": plain, "precision": "float32", **options})


def plainly_masked(network: Network) -> Network:
    """The same network by other means: the frozen weights, pruned."""
    plain = unmasked(network)
    apply_masks(plain.body, masked_layers(network).masks())
    return plain


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_computes_what_a_plainly_masked_network_computes(pattern: str) -> None:
    net = learner(varied(), pattern=pattern, rule="double_win").eval()
    x, _ = batch()
    assert torch.equal(net(x), plainly_masked(net).eval()(x))
    with torch.no_grad():
        assert torch.equal(net(x), plainly_masked(net).eval()(x))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_scores_gradient_is_the_sum_of_gradient_times_frozen_weight_over_its_group(pattern: str) -> None:
    model = varied()
    net, dense = learner(model, pattern=pattern).eval(), dict(model.body.named_parameters())
    plain = plainly_masked(net).eval()
    x, y = batch()
    F.cross_entropy(net(x), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    parameters = dict(plain.body.named_parameters())
    for parameter in parameters.values():
        parameter.requires_grad_()
    F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    weights = prunable(model.body)
    layers = layers_of(model.body, weights)
    groups = groupings(weights, Pattern.parse(pattern), layers)
    for score, name in zip(masked_layers(net).scores, weights, strict=True):
        gradient = parameters[name].grad
        assert gradient is not None
        expected = groups[name].means(gradient * dense[name]) * groups[name].sizes
        assert score.grad is not None
        torch.testing.assert_close(score.grad, expected.detach())


def test_every_score_gets_a_gradient_dropped_ones_too() -> None:
    net = learner(varied(), sparsity=0.7).train()
    x, y = batch(32)
    F.cross_entropy(net(x), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    dropped = [~mask for mask in masked_layers(net).masks().values()]
    for score, mask in zip(masked_layers(net).scores, dropped, strict=True):
        assert score.grad is not None
        assert int(score.grad[mask].count_nonzero()) > 0.5 * int(mask.count_nonzero()) > 0
    assert all(p.grad is None for name, p in masked_layers(net).inner.named_parameters() if not name.startswith("10"))


def test_only_scores_and_head_are_trained() -> None:
    trained = {name for name, p in learner(varied()).named_parameters() if p.requires_grad}
    assert trained == {*(f"body.scores.{k}" for k in range(3)), "body.inner.10.weight", "body.inner.10.bias"}
    frozen = {name for name, p in learner(varied(), train_head=False).named_parameters() if p.requires_grad}
    assert frozen == {f"body.scores.{k}" for k in range(3)}


def test_training_changes_masks_and_statistics_and_nothing_else() -> None:
    model = varied()
    net = learner(model)
    before = masked_layers(net).masks()
    trained = fit().run(net, Toy(), seed=0, session=Session())
    assert masked_layers(trained).masks() != before
    assert masked_layers(trained).masks().counts() == before.counts()
    assert masked_layers(net).masks() == before
    own = unmasked(trained).body.state_dict()
    changed = {name for name, value in model.body.state_dict().items() if not torch.equal(value, own[name])}
    statistics = {f"{n}.{what}" for n in (1, 5) for what in ("running_mean", "running_var", "num_batches_tracked")}
    assert changed == statistics | {"10.weight", "10.bias"}


def test_masks_are_found_once_a_step_however_often_the_attack_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    kept = Following.kept

    def counted(self: Following, scores: Any) -> dict[str, Tensor]:
        found.append(1)
        return kept(self, scores)

    model = network()
    net = learner(model)
    monkeypatch.setattr(Following, "kept", counted)
    fit(objective={"name": "adversarial", "attack": PGD}).run(net, Toy(), seed=0, session=Session())
    copies_begin_anew = 3  # the copy that trains, the one its graph is read from, and the result
    assert 6 <= len(found) <= 6 + copies_begin_anew


@pytest.mark.parametrize("bn", ["eval", "train"])
@pytest.mark.parametrize("pattern", ["element", "kernel"])
def test_attacks_find_the_images_they_find_against_a_plainly_masked_network(pattern: str, bn: str) -> None:
    trained = fit().run(learner(network(), pattern=pattern), Toy(), seed=0, session=Session())
    net, plain = trained.train(), plainly_masked(trained).train()
    attack, (x, y) = Attack.parse({**PGD, "bn": bn}), batch()
    assert _folding.pairs(net) == [("body.inner.0", "body.inner.1"), ("body.inner.3", "body.inner.4")]
    against = [
        attack.perturb(model, x, y, Toy().losses, bounds=(0.0, 1.0), generator=torch.Generator().manual_seed(5))
        for model in (net, plain)
    ]
    assert torch.equal(*against)
    assert not torch.equal(against[0], x)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_folding_in_the_loop_sees_the_masks_of_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    stale: list[bool] = []
    fold = _folding._fold

    def watched(conv: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
        link = next(
            (link for link in masked_layers(networks[-1])._links if link.masked is conv._parameters["weight"]), None
        )
        assert link is not None
        expected = masked_layers(networks[-1]).masks()[link.name]
        stale.append(not torch.equal(link.masked != 0, expected))
        return fold(conv, norm)

    networks: list[Network] = []
    copied = Network.copy

    def remembered(self: Network) -> Network:
        networks.append(copied(self))
        return networks[-1]

    monkeypatch.setattr(_folding, "_fold", watched)
    given, how = learner(network()), fit(objective={"name": "adversarial", "attack": PGD})
    monkeypatch.setattr(Network, "copy", remembered)
    how.run(given, Toy(), seed=0, session=Session())
    assert len(stale) == 12
    assert not any(stale)


def test_scores_that_are_written_from_outside_are_followed() -> None:
    net = learner(network()).eval()
    x, _ = batch()
    before = net(x)
    with torch.no_grad():
        for score in masked_layers(net).scores:
            score.neg_()
    assert not torch.equal(net(x), before)
    assert torch.equal(net(x), plainly_masked(net).eval()(x))


def test_a_copy_shares_nothing_and_follows_its_own_scores() -> None:
    net = learner(network())
    twin = copy.deepcopy(net)
    with torch.no_grad():
        masked_layers(twin).scores[0].neg_()
    masked_layers(twin).enforce()
    assert masked_layers(twin).masks() != masked_layers(net).masks()
    for each in (masked_layers(net), masked_layers(twin)):
        assert torch.equal(each.inner.get_parameter("0.weight") != 0, each.masks()["0.weight"])


@pytest.mark.parametrize("options", [{"ema": 0.9}, {"select": "best_val"}, {"ema": 0.9, "select": "best_val"}])
def test_an_average_and_the_best_are_judged_and_kept_with_the_masks_of_their_scores(options: dict[str, Any]) -> None:
    trained = fit(**options).run(learner(network()), Toy(), seed=0, session=Session())
    x, _ = batch()
    with torch.no_grad():
        torch.testing.assert_close(trained(x), plainly_masked(trained).eval()(x))
    assert masked_layers(trained).masks().counts() == masked_layers(learner(network())).masks().counts()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo looks at all inputs
def test_a_compiled_learner_learns_the_same() -> None:
    net = learner(network())
    x, y = batch()
    compiled: Any = torch.compile(net, backend="eager")
    for forward in (net, compiled):
        net.zero_grad()
        F.cross_entropy(forward(x), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        found = [score.grad for score in masked_layers(net).scores]
        assert all(gradient is not None and bool(gradient.any()) for gradient in found)


def test_scores_that_became_nan_stop_the_training_as_diverged() -> None:
    poison = {"name": "sgd", "lr": 1e38, "momentum": 0.9, "weight_decay": 0.0}
    with pytest.raises(Diverged):
        fit(optimizer=poison, schedule="constant").run(learner(network()), Toy(), seed=0, session=Session())

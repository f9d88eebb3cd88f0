"""LMP: frozen weights to the last bit, exactly so many kept at every step, OMP at step 0, defects that others had."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.test_masked_layers import varied
from tests.fitting.toys import Failing, Interrupted, Toy, network
from torch import Tensor

from tombola.errors import ModelError, RequestError, StageError
from tombola.fitting.masked_layers import MaskedLayers
from tombola.fitting.session import Session, Silent
from tombola.models.digest import weights_digest
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.schemes._base import Scheme
from tombola.schemes.lmp import LMP, kaiming
from tombola.schemes.omp import OMP
from tombola.study.settings import put
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

FIT: dict[str, Any] = {"epochs": "6it", "batch": 16, "optimizer": {"lr": 5.0}, "precision": "float32"}
PATTERNS = ["element", "stripe:4", "row", "kernel", "channel", "block", "nm:2:4"]
ADVERSARIAL = {"name": "adversarial", "attack": {"name": "pgd", "eps": 0.1, "steps": 2}}


class Heard(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def drawn(
    model: Network | None = None,
    *,
    task: Task | None = None,
    seed: int = 0,
    folder: Path | None = None,
    heard: Heard | None = None,
    **options: Any,
) -> Ticket:
    scheme = Scheme.parse({"name": "lmp", "sparsity": 0.5, "fit": FIT, **options})
    session = Session(folder, reporter=heard or Heard())
    return scheme.rung(model or network(), task or Toy(), None, seed=seed, session=session).ticket


def omp(model: Network, **options: Any) -> Ticket:
    return OMP(sparsity=0.5, **options).rung(model, None, None, seed=0, session=Session()).ticket


@pytest.mark.parametrize("budget", ["uniform", "global", "erk"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_at_step_0_it_is_omp(pattern: str, budget: str) -> None:
    model = varied()
    ticket = drawn(model, fit={**FIT, "epochs": "0it"}, pattern=pattern, budget=budget)
    assert ticket.masks == omp(model, pattern=pattern, budget=budget).masks


@pytest.mark.parametrize("budget", ["uniform", "global"])
@pytest.mark.parametrize("pattern", ["element", "row", "kernel", "channel", "nm:2:4"])
def test_at_every_step_as_many_are_kept_as_omp_keeps(
    pattern: str, budget: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, counts = network(), []
    enforce = MaskedLayers.enforce

    def watched(self: MaskedLayers) -> None:
        enforce(self)
        counts.append({link.name: int(link.masked.count_nonzero()) for link in self._links})

    monkeypatch.setattr(MaskedLayers, "enforce", watched)
    ticket = drawn(model, pattern=pattern, budget=budget)
    expected = omp(model, pattern=pattern, budget=budget).masks
    assert len(counts) >= 6
    assert {sum(each.values()) for each in counts} == {expected.kept} == {ticket.masks.kept}
    if budget == "uniform":
        assert all(each == {name: kept for name, (kept, _) in expected.counts().items()} for each in counts)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_model_is_untouched_and_the_mask_learned(pattern: str) -> None:
    model = varied()
    before = weights_digest(model)
    ticket = drawn(model, pattern=pattern, fit={**FIT, "epochs": "20it", "optimizer": {"lr": 50.0}})
    assert weights_digest(model) == before
    assert ticket.weights is None
    assert ticket.lineage.weights_digest == weights_digest(model.body)
    if pattern != "channel":
        assert ticket.masks != omp(model, pattern=pattern).masks


def test_learning_lowers_the_loss_of_the_masked_network() -> None:
    how = {**FIT, "epochs": "60it", "optimizer": {"lr": 1.0}}
    model, task = network(), Toy()
    before, after = (
        drawn(model, task=task, sparsity=0.8, train_head=False, head="pretrained", fit={**how, "epochs": epochs})
        for epochs in ("0it", "60it")
    )
    images = task.splits().train
    x = images.pixels_at(torch.arange(len(images))).float() / 255
    losses = []
    for ticket in (before, after):
        masked = model.copy()
        ticket.apply(masked.body)
        with torch.no_grad():
            losses.append(float(task.losses(masked.train()(x), images.labels).mean()))
    assert losses[1] < losses[0] - 0.05


def test_a_weight_written_into_while_learning_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    enforce = MaskedLayers.enforce

    def spoils(self: MaskedLayers) -> None:
        with torch.no_grad():
            self._links[0].dense[0, 0, 0, 0] += 1e-6
        enforce(self)

    monkeypatch.setattr(MaskedLayers, "enforce", spoils)
    with pytest.raises(StageError, match="the frozen copy that learned does not have the weights"):
        drawn()


def test_a_norm_that_is_trained_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    enforce = MaskedLayers.enforce

    def spoils(self: MaskedLayers) -> None:
        with torch.no_grad():
            dict(self.inner.named_parameters())["1.bias"].add_(1e-3)
        enforce(self)

    monkeypatch.setattr(MaskedLayers, "enforce", spoils)
    with pytest.raises(StageError, match="digest"):
        drawn()


@pytest.mark.parametrize("options", [{}, {"budget": "global"}, {"pattern": "kernel"}, {"objective": ADVERSARIAL}])
def test_killed_and_continued_it_draws_the_same_ticket(options: dict[str, Any], tmp_path: Path) -> None:
    fit = {**FIT, "checkpoint_every": "1it", **{k: v for k, v in options.items() if k == "objective"}}
    rest = {k: v for k, v in options.items() if k != "objective"}
    with pytest.raises(Interrupted):
        drawn(task=Failing(good=3), folder=tmp_path, fit=fit, **rest)
    heard = Heard()
    assert drawn(folder=tmp_path, fit=fit, heard=heard, **rest).masks == drawn(fit=fit, **rest).masks
    assert any("continues at step 3" in note for note in heard.notes)


def test_the_same_seed_gives_the_same_ticket_and_another_one_another() -> None:
    first, again, other = (drawn(seed=seed).masks for seed in (0, 0, 1))
    assert first == again != other
    kaimings = [drawn(seed=seed, init="kaiming", fit={**FIT, "epochs": "0it"}).masks for seed in (0, 0, 1)]
    assert kaimings[0] == kaimings[1] != kaimings[2]


def test_kaiming_scores_are_magnitudes_below_one_over_the_root_of_the_inputs() -> None:
    model = varied()
    weights = prunable(model.body)
    scores = kaiming({name: w.detach() for name, w in weights.items()}, layers_of(model.body, weights), 0)
    for name, inputs in {"0.weight": 27, "3.weight": 36, "4.weight": 9}.items():
        score: Tensor = scores[name]
        assert score.shape == weights[name].shape
        assert bool((score >= 0).all())
        assert 0.8 * inputs**-0.5 < float(score.max()) <= inputs**-0.5


def test_the_objective_makes_it_robust_and_the_lineage_says_so() -> None:
    natural, robust = drawn(), drawn(fit={**FIT, "objective": ADVERSARIAL})
    assert natural.masks != robust.masks
    assert robust.lineage.objective is not None
    assert robust.lineage.objective["name"] == "adversarial"
    assert natural.lineage.task is not None


def test_the_ticket_says_what_was_learned() -> None:
    assert drawn().lineage.extra["learned"] == "mask and head"
    frozen = drawn(train_head=False, head="pretrained", fit={**FIT, "bn": "frozen"}).lineage.extra
    assert frozen == {"learned": "mask only", "head": "pretrained", "statistics": "as pretrained", "score_decay": 0.0}


def test_a_pretrained_head_must_fit_the_task() -> None:
    model = network().with_head(7, generator=torch.Generator().manual_seed(0))
    assert drawn(model).masks.kept > 0
    with pytest.raises(RequestError, match="the model's head has 7 outputs and the task 3 classes"):
        drawn(model, head="pretrained")


def test_the_head_is_never_masked_and_one_is_told_where_the_rule_would_have() -> None:
    heard, model = Heard(), varied()
    ticket = drawn(model, prunable="open_lth", heard=heard)
    assert list(ticket.masks) == ["0.weight", "3.weight", "4.weight", "8.weight"]
    assert heard.notes == ["lmp leaves the head dense: 10.weight is not among the weights that are masked"]
    assert r"10" in str(ticket.lineage.prunable)
    silent = Heard()
    drawn(model, heard=silent)
    assert silent.notes == []
    with pytest.raises(ModelError, match="selects no weight"):
        drawn(model, prunable="re:^10")


def test_what_a_budget_says_about_layers_it_spared_is_passed_on() -> None:
    heard = Heard()
    drawn(sparsity=0.995, budget="global", init="kaiming", heard=heard)
    model = network()
    with torch.no_grad():
        dict(model.body.named_parameters())["0.weight"].mul_(1e-6)
    drawn(model, sparsity=0.9, budget="global", heard=heard)
    assert any("spared by floor=1: 0.weight" in note for note in heard.notes)


# Defects of the originals that have a counterpart here ---------------------------------------------------------------


@pytest.mark.parametrize("given", [None, {"optimizer": "sgd"}, {"optimizer": {"lr": 0.2}}, {"optimizer": "adamw"}])
def test_scores_do_not_decay_unless_it_is_written(given: dict[str, Any] | None) -> None:
    """Edge-popup's scripts pull on the scores with the weights' decay."""
    scheme = LMP.parse({"name": "lmp"} if given is None else {"name": "lmp", "fit": given})
    assert scheme.identity()["fit"]["optimizer"]["weight_decay"] == 0.0  # type: ignore[index,call-overload]  # plain JSON
    heard = Heard()
    drawn(fit={**FIT, **(given or {}), "epochs": "1it"}, heard=heard)
    assert heard.notes == []


@pytest.mark.parametrize("given", [{"optimizer": {"weight_decay": 1e-4}}, {"preset": "dac"}])
def test_decay_that_is_written_is_kept_and_told(given: dict[str, Any]) -> None:
    heard = Heard()
    small = {"epochs": "1it", "batch": 16, "precision": "float32"}
    ticket = drawn(fit={**small, **given}, heard=heard)
    assert ticket.lineage.extra["score_decay"] == 1e-4
    (note,) = heard.notes
    assert "weight_decay=0.0001 pulls on the scores too" in note
    assert "write fit.optimizer.weight_decay=0 for none" in note


def test_equal_magnitudes_keep_exactly_as_many_as_asked() -> None:
    """A k-th value with ``<=`` prunes every tie: all of a layer whose weights are signed constants."""
    model = network()
    with torch.no_grad():
        for name in ("0.weight", "3.weight"):
            dict(model.body.named_parameters())[name].sign_().mul_(0.1)
    for steps in ("0it", "6it"):
        masks = drawn(model, fit={**FIT, "epochs": steps}).masks
        assert masks.counts() == {"0.weight": (81, 162), "3.weight": (216, 432)}


def test_masks_and_scores_are_copies() -> None:
    """BERT-Tickets' rewinding state is the model's own tensors."""
    model = network()
    ticket = drawn(model)
    before = ticket.masks.digest()
    with torch.no_grad():
        for parameter in model.body.parameters():
            parameter.zero_()
    ticket.masks["0.weight"].zero_()
    assert ticket.masks.digest() == before


def test_the_last_steps_scores_are_used_or_the_best_validated_never_the_tests() -> None:
    """Robust Scratch Tickets choose the best checkpoint by accuracy on the test set."""

    class NoTest(Toy):
        def splits(self) -> Any:
            splits = super().splits()
            return type(splits)(splits.train, splits.val, None)  # type: ignore[arg-type]  # reading it fails

    NoTest.name = "toy"
    assert drawn(task=NoTest(), fit={**FIT, "select": "best_val"}).masks.kept > 0


def test_options_are_set_by_their_path() -> None:
    tree: Any = {"draw": "lmp"}
    for path, value in {
        "draw.sparsity": 0.8,
        "draw.pattern": "stripe:4",
        "draw.budget": "global",
        "draw.fit.epochs": "3ep",
        "draw.fit.optimizer.lr": 0.3,
        "draw.fit.objective": "adversarial",
    }.items():
        tree = put(tree, path, value)
    scheme = Scheme.parse(tree["draw"])
    assert isinstance(scheme, LMP)
    assert (scheme.sparsity, scheme.pattern.name, scheme.budget.name) == (0.8, "stripe", "global")
    assert (str(scheme.fit.epochs), scheme.fit.optimizer.lr, scheme.fit.objective.name) == ("3ep", 0.3, "adversarial")
    assert scheme.identity()["fit"]["optimizer"]["weight_decay"] == 0.0  # type: ignore[index,call-overload]  # plain JSON

"""OMP: exact counts, the lowest go, rounds and budgets as asked, the ticket knows where it came from."""

from collections.abc import Mapping

import pytest
import torch
from tests.fitting.toys import Toy, network
from torch import Tensor, nn
from torch.nn.utils import prune

from tombola import verbs
from tombola.errors import MaskError, OptionError, RequestError
from tombola.fitting.session import Session, Silent
from tombola.masks.masks import Masks
from tombola.masks.ranking import rounds
from tombola.masks.scores._base import Score
from tombola.masks.scores.synflow import SynFlow
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.schemes._base import Scheme
from tombola.schemes.omp import OMP
from tombola.tickets.ticket import Ticket


def toy() -> Network:
    convolution = nn.Conv2d(1, 4, 1, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([0.1, -0.9, 0.2, -0.5]).view(4, 1, 1, 1))
    return Network(nn.Sequential(convolution, nn.Flatten(), nn.Linear(4, 2)), source="toy")


def drawn(model: Network, **options: object) -> Ticket:
    (ticket,) = OMP(**options).draw(model, None, seed=0, session=Session())
    return ticket


def test_the_smallest_magnitudes_go() -> None:
    model = toy()
    ticket = drawn(model, sparsity=0.5)
    assert ticket.masks["0.weight"].flatten().tolist() == [False, True, False, True]
    assert list(ticket.masks) == ["0.weight"]
    assert model.body.state_dict()["0.weight"].count_nonzero() == 4


@pytest.mark.parametrize(("sparsity", "kept"), [(0.0, 4), (0.1, 4), (0.125, 4), (0.375, 2), (0.75, 1)])
def test_counts_are_rounded_half_to_even(sparsity: float, kept: int) -> None:
    assert drawn(toy(), sparsity=sparsity).masks.kept == kept


def test_emptying_the_only_layer_must_be_asked_for() -> None:
    with pytest.raises(MaskError, match=r"at most 0\.75, or floor=0"):
        drawn(toy(), sparsity=0.9)
    assert drawn(toy(), sparsity=0.9, budget={"name": "global", "floor": 0}).masks.kept == 0


def test_which_tensors_count_is_an_option() -> None:
    assert list(drawn(toy(), sparsity=0.5, prunable="open_lth").masks) == ["0.weight", "2.weight"]
    assert list(drawn(toy(), sparsity=0.5, prunable="re:^2").masks) == ["2.weight"]


def test_the_ticket_is_mask_only_and_names_its_model_and_scheme() -> None:
    model = toy()
    ticket = drawn(model, sparsity=0.5)
    assert ticket.weights is None
    assert ticket.lineage.model_text == "toy"
    assert ticket.lineage.weights_digest == weights_digest(model.body)
    assert ticket.lineage.scheme["name"] == "omp"
    assert (ticket.lineage.sparsity, ticket.lineage.prunable) == (0.5, "double_win")
    assert set(ticket.lineage.versions) == {"tombola", "torch", "processor", "instructions"}


def test_a_sparsity_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match=r"sparsity=1\.2: input should be less than 1"):
        Scheme.parse({"name": "omp", "sparsity": 1.2})
    with pytest.raises(OptionError):
        Scheme.parse({"name": "omp", "sparsity": 1.2, "patern": "element"})


# Other scores and budgets ---------------------------------------------------------------------------------------------


class Notes(Silent):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def on_task(model: Network, seed: int = 0, reporter: Silent | None = None, **options: object) -> Ticket:
    session = Session(reporter=reporter or Silent())
    (ticket,) = OMP(**options).draw(model, Toy(), seed=seed, session=session)
    return ticket


@pytest.mark.parametrize("sparsity", [0.2, 0.5, 0.9])
def test_the_masks_are_those_of_torchs_global_unstructured(sparsity: float) -> None:
    model = network()
    ours = drawn(model, sparsity=sparsity).masks
    convolutions = {name: module for name, module in model.copy().body.named_modules() if isinstance(module, nn.Conv2d)}
    targets = [(module, "weight") for module in convolutions.values()]
    prune.global_unstructured(targets, pruning_method=prune.L1Unstructured, amount=sparsity)
    theirs = {f"{name}.weight": module.get_buffer("weight_mask") for name, module in convolutions.items()}
    assert ours == Masks.of(theirs)


@pytest.mark.parametrize("score", Score.family.names())
@pytest.mark.parametrize(
    "budget", ["global", "uniform", "erk", "lamp", "cost", {"name": "explicit", "layers": {"0": 0.5}}]
)
def test_every_score_goes_with_every_budget(score: str, budget: object) -> None:
    model = network()
    before = weights_digest(model)
    short = {"synflow": {"rounds": 1 if isinstance(budget, dict) else 5}, "movement": {"steps": 20}}
    ticket = on_task(model, sparsity=0.7, score={"name": score, **short.get(score, {})}, budget=budget)
    assert ticket.masks.total - ticket.masks.kept == round(0.7 * ticket.masks.total)
    assert all(kept > 0 for kept, _ in ticket.masks.counts().values())
    assert weights_digest(model) == before


def test_shares_written_for_one_sparsity_do_not_go_with_rounds() -> None:
    budget = {"name": "explicit", "layers": {"0": 0.5}}
    with pytest.raises(RequestError, match=r"prunes in 100 rounds, each at its own; write score\.rounds=1"):
        Scheme.parse({"name": "omp", "score": "synflow", "budget": budget})
    once = Scheme.parse({"name": "omp", "score": {"name": "synflow", "rounds": 1}, "budget": budget})
    assert once.needs_task


def test_what_it_looks_at_is_in_its_identity() -> None:
    def needs(**options: object) -> tuple[bool, bool]:
        scheme = OMP(**options)
        return scheme.needs_task, scheme.seeded

    assert needs() == (False, False)
    assert needs(score="random") == (False, True)
    assert needs(score="snip") == (True, True)
    assert needs(score="synflow") == (True, False)
    assert needs(score="synflow", image=32) == (False, False)
    assert needs(budget="cost") == (True, False)
    assert needs(budget="cost", image=32) == (False, False)
    assert needs(budget={"name": "cost", "costs": {"conv": 1}}) == (False, False)


def test_a_task_that_is_not_looked_at_is_not_in_the_lineage() -> None:
    assert on_task(network()).lineage.task is None
    assert on_task(network(), score="snip").lineage.task == Toy().identity()


def test_operations_are_counted_at_the_tasks_image_size_or_the_one_given() -> None:
    model = network()
    at_eight = on_task(model, sparsity=0.5, budget="cost").masks
    assert at_eight == drawn(model, sparsity=0.5, budget="cost", image=8).masks
    assert at_eight != drawn(model, sparsity=0.5, budget="cost", image=1).masks
    assert at_eight != drawn(model, sparsity=0.5).masks
    with pytest.raises(RequestError, match="write image=224"):
        drawn(model, budget="cost")


def test_synflow_prunes_in_rounds_each_within_the_last_and_notes_come_once() -> None:
    model, notes = network(), Notes()
    score = {"name": "synflow", "rounds": 5}
    five = on_task(model, reporter=notes, sparsity=0.9, score=score, budget="cost").masks
    assert five.total - five.kept == round(0.9 * five.total)
    assert five != on_task(model, sparsity=0.9, score={"name": "synflow", "rounds": 1}, budget="cost").masks
    assert len(notes.texts) == 1
    assert notes.texts[0].startswith("lambda=")


def test_in_its_first_round_a_score_sees_the_weights_themselves_and_then_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, Tensor]] = []
    model = network()

    def scores(self: SynFlow, weights: Mapping[str, Tensor], probe: object) -> dict[str, Tensor]:
        seen.append(dict(weights))
        return {name: weight.detach().abs() for name, weight in weights.items()}

    monkeypatch.setattr(SynFlow, "scores", scores)
    final = drawn(model, sparsity=0.8, score={"name": "synflow", "rounds": 3}, image=8).masks
    assert all(seen[0][name] is model.get_parameter(f"body.{name}") for name in seen[0])
    pruned = [sum(int((weight == 0).sum()) for weight in weights.values()) for weights in seen]
    assert pruned == [0, *(round(part * final.total) for part in rounds(0.8, 3)[:2])]
    assert final == drawn(model, sparsity=0.8).masks


def test_random_tickets_differ_by_seed_alone() -> None:
    model = network()
    first, again, other = (on_task(model, seed=seed, score="random").masks for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_a_rule_that_leaves_nearly_all_dense_is_said() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Flatten(), nn.Linear(4 * 9, 200), nn.Linear(200, 2))
    with pytest.warns(UserWarning, match=r"1 of 3 tensors be pruned, 0\.6% of all.*prunable=open_lth"):
        verbs.draw(body, "omp")

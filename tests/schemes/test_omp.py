"""OMP: exact counts, the smallest go, the ticket knows where it came from."""

import pytest
import torch
from torch import nn

from tombola.errors import OptionError, RequestError
from tombola.fitting.session import Session
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


@pytest.mark.parametrize(("sparsity", "kept"), [(0.0, 4), (0.1, 4), (0.125, 4), (0.375, 2), (0.9, 0)])
def test_counts_are_rounded_half_to_even(sparsity: float, kept: int) -> None:
    assert drawn(toy(), sparsity=sparsity).masks.kept == kept


def test_which_tensors_count_is_an_option() -> None:
    assert list(drawn(toy(), sparsity=0.5, prunable="open_lth").masks) == ["0.weight", "2.weight"]
    assert list(drawn(toy(), sparsity=0.5, prunable="re:^2").masks) == ["2.weight"]


def test_the_ticket_is_mask_only_and_names_its_model_and_scheme() -> None:
    model = toy()
    ticket = drawn(model, sparsity=0.5)
    assert ticket.weights is None
    assert ticket.lineage.model == "toy"
    assert ticket.lineage.weights_digest == weights_digest(model.body)
    assert ticket.lineage.scheme["name"] == "omp"
    assert (ticket.lineage.sparsity, ticket.lineage.prunable) == (0.5, "double_win")
    assert set(ticket.lineage.versions) == {"tombola", "torch"}


def test_a_sparsity_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match=r"sparsity=1\.2: input should be less than 1"):
        Scheme.parse({"name": "omp", "sparsity": 1.2})
    with pytest.raises(OptionError):
        Scheme.parse({"name": "omp", "sparsity": 1.2, "patern": "element"})

"""What every kind of models keeps: names are whole and lead back to it, and a seed decides what is random."""

import torch
from torch import Tensor

from tombola.errors import ModelError
from tombola.models.inputs.pixels import Normalise
from tombola.models.kinds._base import Asked, Kind, kind_of
from tombola.models.network import Network, num_outputs
from tombola.models.origin import without_weights

from .faults import Fault, gives, shake
from .room import Check, finite, same


def built(kind: Kind, seed: int = 0) -> Network | None:
    """The network with three outputs where it may have them; None where it says how to get what it lacks."""
    under = Kind.parse({"name": "resnet8", "width": 0.25})
    try:
        return kind.build(Asked(outputs=3, seed=seed, under=under))
    except ModelError as error:
        if any(way in str(error) for way in ("fetch", "Put it there", "pip install")):
            return None
        raise


def its_name_is_whole_and_leads_back(kind: Kind) -> None:
    assert type(kind).resolved(kind.net) == kind.net
    assert kind_of(kind.written(kind.net)) == (type(kind), kind.net)
    assert type(kind).form()


def a_net_without_weights_names_itself(kind: Kind) -> None:
    bare = type(kind).bare(kind.net)
    assert without_weights(bare) == bare or not bare
    assert without_weights(kind.written(kind.net), "resnet8") == (bare or "resnet8")


def the_seed_decides_and_luck_stays(kind: Kind) -> None:
    drawn = torch.get_rng_state()
    one, twin = built(kind), built(kind)
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"
    assert (one is None and twin is None) or (one is not None and twin is not None and same(one, twin))


def it_answers_what_its_head_says(kind: Kind) -> None:
    network = built(kind)
    if network is None:
        return
    with torch.no_grad():
        outputs = network.eval()(given(network))
    assert outputs.shape == (2, num_outputs(network.head))
    finite(outputs)


def its_origin_names_it(kind: Kind) -> None:
    network = built(kind)
    if network is not None:
        assert kind_of(network.origin.name)[0] is type(kind)
        assert network.origin.seed == (None if network.origin.sha256 else 0)


def given(network: Network) -> Tensor:
    """A batch that the network reads."""
    if network.normalise.bounds == Normalise.bounds:
        return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    return torch.arange(2, 10).view(2, 4)


CHECKS: tuple[Check, ...] = (
    its_name_is_whole_and_leads_back,
    a_net_without_weights_names_itself,
    the_seed_decides_and_luck_stays,
    it_answers_what_its_head_says,
    its_origin_names_it,
)


def _shaken(network: Network) -> Network:
    torch.rand(1)
    shake(network)
    return network


def _renamed(network: Network) -> Network:
    network.origin = network.origin.replace(source={"name": "timm:resnet18"})
    return network


FAULTS: tuple[Fault, ...] = (
    Fault("draws from torch's own", "own", "build", gives(_shaken), the_seed_decides_and_luck_stays),
    Fault("says it is another", "own", "build", gives(_renamed), its_origin_names_it),
)

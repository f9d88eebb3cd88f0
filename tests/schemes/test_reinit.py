"""New weights under old masks: all layers but the head, and what no layer can begin is told."""

import torch
from tests.schemes.control_toys import OMP, Noting, drawn, net, rungs, values

from tombola.models.digest import weights_digest
from tombola.models.fresh import initialised

REINIT = {"name": "reinit", "of": OMP}


def test_the_masks_stay_and_every_kept_weight_is_new() -> None:
    model = net()
    inner, ticket = (rung.ticket for rung in rungs(REINIT, model))
    assert ticket.masks == inner.masks
    old, new = model.body.state_dict(), values(ticket)
    for name, mask in ticket.masks.items():
        assert bool((new[name][mask] != old[name][mask]).all())
        assert not bool(new[name][~mask].any())
        assert float(new[name].abs().max()) <= (old[name][0].numel()) ** -0.5  # as torch begins a convolution


def test_batch_norm_begins_anew_biases_too_and_the_head_stays() -> None:
    model = net()
    old, new = model.body.state_dict(), values(drawn(REINIT, model))
    assert new["norm.weight"].tolist() == [1.0] * 8
    assert new["norm.running_mean"].tolist() == [0.0] * 8
    assert not torch.equal(new["one.bias"], old["one.bias"])
    assert torch.equal(new["head.weight"], old["head.weight"])


def test_what_no_layer_knows_how_to_begin_is_told_and_left() -> None:
    model, heard = net(), Noting()
    ticket = drawn(REINIT, model, notes=heard)
    assert heard.notes == ["reinit: no layer knows how to begin token; left as pretrained"]
    assert torch.equal(values(ticket)["token"], model.body.state_dict()["token"])
    assert ticket.lineage.extra["control"]["left_as_they_were"] == ["token"]


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    model, before = net(), torch.get_rng_state()
    one, same, other = (values(drawn(REINIT, model, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(one["one.weight"], same["one.weight"])
    assert not torch.equal(one["one.weight"], other["one.weight"])
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_begun_anew_is_another_one() -> None:
    model = net()
    before = weights_digest(model)
    fresh, left = initialised(model, seed=0)
    assert weights_digest(model) == before != weights_digest(fresh)
    assert left == ("token",)

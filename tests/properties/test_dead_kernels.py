"""Dead kernels and channels of masks that can be read by eye."""

import torch

from tombola.masks.masks import Masks

from .toy_tickets import drawn, looked_at, net, of_masks


def test_kernels_outputs_and_inputs_that_are_pruned_whole() -> None:
    model = net()
    first, second = torch.zeros(8, 3, 3, 3, dtype=torch.bool), torch.ones(8, 4, 3, 3, dtype=torch.bool)
    first[0, 0, 1, 1] = first[1, 0] = first[1, 2] = True
    second[:4, 1:] = False
    found = looked_at("dead_kernels", of_masks(model, Masks({"0.weight": first, "1.weight": second})), model)
    assert next(iter(found)) == "dead_kernels"
    assert found["layer_dead_kernels 0.weight"].detail["count"] == 24 - 3
    assert found["layer_dead_outputs 0.weight"].detail["count"] == 6
    assert found["dead_kernels"].detail == {"count": 21 + 12, "of": 24 + 32}
    assert found["dead_outputs"].detail == {"count": 6, "of": 16}
    assert found["unread_inputs"].detail == {"count": 1 + 3, "of": 3 + 8}, "the second layer has two groups"
    assert found["dead_kernels"].value == 100 * 33 / 56


def test_a_dense_ticket_has_none_and_kernels_die_together() -> None:
    model = net()
    dense = looked_at("dead_kernels", drawn(model, sparsity=0.0), model)
    assert {m.value for m in dense.values()} == {0.0}
    kernels = looked_at("dead_kernels", drawn(model, sparsity=0.5, pattern="kernel"), model)
    assert kernels["dead_kernels"].value == 50


def test_pictures_are_kernels_by_digit_and_tiles_where_there_are_many() -> None:
    model = net()
    first, second = torch.zeros(8, 3, 3, 3, dtype=torch.bool), torch.ones(8, 4, 3, 3, dtype=torch.bool)
    first[0, 0, 1, 1] = first[1, 2] = True
    second[:4, 1:] = False
    ticket = of_masks(model, Masks({"0.weight": first, "1.weight": second}))
    found = looked_at({"name": "dead_kernels", "side": 4}, ticket, model)
    assert found["layer_dead_kernels 0.weight"].detail["kernels"] == "494/999/999/999", "two rows a tile, 3 columns"
    assert found["layer_dead_kernels 1.weight"].detail["kernels"] == "0999/0999/0000/0000"
    whole = looked_at({"name": "dead_kernels", "side": 8}, ticket, model)["layer_dead_kernels 0.weight"]
    assert whole.detail["kernels"] == "/".join(["099", "990", *["999"] * 6])
    bare = looked_at("dead_kernels", ticket, model)
    assert {name: m.value for name, m in bare.items()} == {name: m.value for name, m in found.items()}
    assert not any("kernels" in m.detail for m in bare.values())

"""Masks are values: the algebra's laws, counts, equality, and no way to change one from outside."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tombola.errors import MaskError
from tombola.masks.masks import Masks


@st.composite
def masks_strategy(draw: st.DrawFn) -> Masks:
    def bits(count: int) -> torch.Tensor:
        return torch.tensor(draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=torch.bool)

    return Masks({"a.weight": bits(6).view(2, 3), "b.weight": bits(4)})


@settings(deadline=None)
@given(masks_strategy(), masks_strategy(), masks_strategy())
def test_the_algebra_is_boolean(a: Masks, b: Masks, c: Masks) -> None:
    assert a & b == b & a
    assert a & (b | c) == (a & b) | (a & c)
    assert ~(a & b) == ~a | ~b
    assert ~~a == a
    assert (a | ~a).sparsity == 0
    assert (a & ~a).kept == 0


@settings(deadline=None)
@given(masks_strategy(), masks_strategy())
def test_nesting_overlap_and_counts_agree(a: Masks, b: Masks) -> None:
    assert (a & b).nested_in(a)
    assert a.nested_in(a | b)
    assert a.nested_in(b) == (a & b == a)
    assert (a & b).kept + (a | b).kept == a.kept + b.kept
    assert a.overlap(b) == b.overlap(a)
    assert (a.overlap(b) == 1) == (a == b)


@settings(deadline=None)
@given(masks_strategy(), masks_strategy())
def test_equal_values_have_equal_digests_and_hashes_and_only_they(a: Masks, b: Masks) -> None:
    assert (a == b) == (a.digest() == b.digest())
    assert hash(a) == hash(Masks(dict(a)))


def test_counts_and_sparsity_on_numbers_to_check_by_eye() -> None:
    masks = Masks({"x": torch.tensor([[True, False], [False, False]]), "y": torch.tensor([True])})
    assert (masks.kept, masks.total, masks.sparsity) == (2, 5, 0.6)
    assert masks.counts() == {"x": (1, 4), "y": (1, 1)}
    assert repr(masks) == "Masks(2 tensors, 2 of 5 kept, sparsity 0.6000)"
    assert (Masks({}).sparsity, Masks({}).overlap(Masks({}))) == (0, 1)


def test_neither_the_tensors_given_nor_those_read_reach_the_value() -> None:
    given_tensor = torch.tensor([True, True])
    masks = Masks({"x": given_tensor})
    before = masks.digest()
    given_tensor[0] = False
    masks["x"].zero_()
    for tensor in masks.values():
        tensor.zero_()
    assert masks.kept == 2
    assert Masks(masks).digest() == before
    with pytest.raises(TypeError):
        masks["x"] = given_tensor  # type: ignore[index]  # what must not work


def test_derived_masks_share_nothing_that_can_be_changed() -> None:
    masks = Masks({"x": torch.tensor([True, False])})
    part = masks.only(["x"]).to("cpu")
    part["x"].zero_()
    assert part == masks == copy.deepcopy(masks) == pickle.loads(pickle.dumps(masks))


def test_made_of_weights_shapes_and_modules() -> None:
    assert Masks.of({"x": torch.tensor([0.0, -0.0, 1e-45, float("nan")])})["x"].tolist() == [False, False, True, True]
    assert Masks.full({"x": (2, 3)}) == Masks.full({"x": torch.zeros(2, 3)})
    assert Masks.full(nn.Linear(3, 2)).counts() == {"weight": (6, 6), "bias": (2, 2)}


def test_equality_looks_at_shapes_and_names_and_not_at_order() -> None:
    a, b = torch.ones(2, dtype=torch.bool), torch.zeros(4, dtype=torch.bool)
    assert Masks({"a": a, "b": b}) == Masks({"b": b, "a": a})
    assert Masks({"a": a, "b": b}).digest() == Masks({"b": b, "a": a}).digest()
    assert Masks({"b": b}) != Masks({"b": b.view(2, 2)})
    assert Masks({"b": b}) != Masks({"c": b})
    assert Masks({"b": b}) != {"b": b}


def test_only_keeps_the_order_and_refuses_unknown_names() -> None:
    masks = Masks.full({"conv1": (1,), "conv2": (2,), "fc": (3,)})
    assert list(masks.only(["fc", "conv1"])) == ["conv1", "fc"]
    with pytest.raises(MaskError, match=r"'convv1', did you mean 'conv1'"):
        masks.only(["convv1"])


def test_masks_that_do_not_fit_are_refused_with_what_differs() -> None:
    one, other = Masks.full({"x": (2,)}), Masks.full({"x": (2,), "y": (1,)})
    with pytest.raises(MaskError, match=r"'y' only on one side"):
        one & other
    with pytest.raises(MaskError, match=r"'x' differ in shape: \(2,\) and \(3,\)"):
        one.nested_in(Masks.full({"x": (3,)}))
    with pytest.raises(MaskError, match=r"not torch.bool; write Masks.of"):
        Masks({"x": torch.ones(2)})

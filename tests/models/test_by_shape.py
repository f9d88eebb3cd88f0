"""Strangers' names: found by shape where that leaves one way, refused where several, never wrong in silence."""

import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tests.models.checkpoints import save, state_of
from torch import Tensor

from tombola.errors import ModelError
from tombola.models.by_shape import Match, matched, misnamed
from tombola.models.same_layers import agreement, layers_in
from tombola.models.source import Source

NET = Source(name="resnet8", width=0.25).load(num_classes=4, seed=1)
RULES = {
    r"^conv1\.": "stem.0.",
    r"^bn1\.": "stem.1.",
    r"^layer(\d)\.(\d)\.": r"stages.\1.\2.",
    r"\.conv(\d)": r".c\1",
    r"\.bn(\d)": r".n\1",
    r"^linear\.": "classify.",
}


def foreign(rules: Mapping[str, str] = RULES) -> dict[str, Tensor]:
    """The net's tensors as another program calls them, in the order in which it made them."""
    found = {}
    for name, value in state_of(NET.body).items():
        for pattern, new in rules.items():
            name = re.sub(pattern, new, name)
        found[name] = value
    return found


def squares(*names: str) -> dict[str, Tensor]:
    """Layers of one shape, each known by its number."""
    return {f"{name}.weight": torch.full((4, 4), float(place)) for place, name in enumerate(names)}


def told(match: Match) -> dict[str, float]:
    return {name.removesuffix(".weight"): float(value[0, 0]) for name, value in match.weights.items()}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_the_file_of_another_program_answers_as_its_net_and_the_match_is_said(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"theirs{suffix}"
    if suffix == ".pth":
        save(foreign(), file)
    else:
        save_file(foreign(), file)  # which forgets the order
    source = Source.parse({"name": f"path:{file}", "arch": "resnet8", "width": 0.25})
    with pytest.warns(UserWarning, match=r"theirs\.\w+: .*stem\.# -> conv#.*; a forward pass answers.*rename"):
        network = source.load()
    x = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network.body(x), NET.body(x))
    assert network.head_name == "linear"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_in_any_order_of_the_file_it_is_right_or_refused(luck: random.Random) -> None:
    names = list(foreign())
    luck.shuffle(names)
    wanted = NET.body.state_dict()
    try:
        match = matched({name: foreign()[name] for name in names}, wanted, NET.head_name)
    except ModelError as error:
        if "several ways" in str(error):
            return
        raise
    assert all(torch.equal(value, wanted[name]) for name, value in match.weights.items())


@pytest.mark.parametrize(
    ("theirs", "wanted"),
    [
        (["key", "out", "query", "value"], {"q": 2, "k": 0, "v": 3, "proj": 1}),  # by three names; the fourth is left
        (["q", "k", "v", "o"], {"query": 0, "key": 1, "value": 2, "dense": 3}),  # by order, and names agree
        (["z", "b"], {"first": 0, "second": 1}),  # in the order in which they were made
        (["b.0", "b.1", "b.10", "b.2"], {"x.0": 0, "x.1": 1, "x.2": 3, "x.3": 2}),  # the alphabet's order, numbered
    ],
)
def test_layers_of_one_shape_are_told_by_order_by_name_or_by_number(theirs: list[str], wanted: dict[str, int]) -> None:
    assert told(matched(squares(*theirs), squares(*wanted), "head")) == wanted


@pytest.mark.parametrize(
    ("theirs", "ours", "message"),
    [
        (
            ["a", "b", "c"],
            ["q", "k", "v"],
            "several ways: a or b or c may be q or k or v. .*the .pth or .bin that it was made of",
        ),
        (["q", "k"], ["key", "query"], "by its place q is key, by its number query"),
        (["q", "k", "b", "a"], ["key", "query", "one", "two"], "q has the place of key .* their names say otherwise"),
        (["blocks.1.w", "blocks.0.w"], ["layer.0.u", "layer.1.u"], "by its place .* by its number"),
    ],
)
def test_what_may_be_several_things_is_refused(theirs: list[str], ours: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        matched(squares(*theirs), squares(*ours), "head")


def test_the_nearest_misfits_are_named() -> None:
    theirs = foreign()
    theirs["stages.2.0.c1.weight"] = torch.zeros(8, 4, 1, 1)
    with pytest.raises(
        ModelError, match=r"layer2\.0\.conv1 \(8x4x3x3\): nearest in the file stages\.2\.0\.c1 \(8x4x1x1\)"
    ):
        matched(theirs, NET.body.state_dict(), NET.head_name)
    with pytest.raises(ModelError, match=r"the file has ema \(7\) beside"):
        matched({**foreign(), "ema": torch.zeros(7)}, NET.body.state_dict(), NET.head_name)


def test_a_tensor_alone_has_no_role() -> None:
    ours = {"a.gamma": torch.zeros(3), "a.norm.weight": torch.ones(3), "a.norm.bias": torch.full((3,), 2.0)}
    theirs = {"b.scale": torch.zeros(3), "b.ln.gamma": torch.ones(3), "b.ln.beta": torch.full((3,), 2.0)}
    found = matched(theirs, ours, "head").weights
    assert all(torch.equal(found[name], value) for name, value in ours.items())


def test_the_head_may_be_of_other_classes_or_absent() -> None:
    other = {**foreign(), "classify.weight": torch.ones(9, 16), "classify.bias": torch.ones(9)}
    assert matched(other, NET.body.state_dict(), "linear").weights["linear.weight"].shape == (9, 16)
    bare = {name: value for name, value in foreign().items() if not name.startswith("classify")}
    assert not any(name.startswith("linear") for name in matched(bare, NET.body.state_dict(), "linear").weights)


def test_names_that_fit_are_left_and_settle_what_shapes_do_not() -> None:
    assert not misnamed(state_of(NET.body), NET.body.state_dict(), "linear")
    given_, wanted = squares("a", "b", "v"), squares("q", "k", "v")
    with pytest.raises(ModelError, match="several ways"):
        matched(given_, wanted, "head")
    assert told(matched({**squares("a"), **squares("k", "v")}, wanted, "head")).keys() == {"q", "k", "v"}


def test_words_of_names() -> None:
    def layers(names: Iterable[str]) -> list[str]:
        return [layer.name for layer in layers_in({name: torch.zeros(1) for name in names})]

    assert layers(["a.gamma", "a.beta", "a.num_batches_tracked", "cls_token"]) == ["a", "cls_token"]
    assert agreement("x.attn", "y.attention") == agreement("a.q.0", "query") == 1
    assert agreement("conv1", "conv2") == agreement("0", "conv1") == agreement("k", "query") == 0

"""`Origin`: every option of a net is in it, in files and out of them again, and nothing is read out of sentences."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tombola.models.files import save_network
from tombola.models.network import Network, origin_of
from tombola.models.older import older_adapted, older_origin
from tombola.models.origin import Origin, without_weights
from tombola.models.source import Source

CHANGED: dict[str, Any] = {
    "width": 0.5,
    "rename": [["^x\\.", ""]],
    "normalise": "cifar10",
    "mean": [0.25, 0.5, 0.75],
    "std": [0.5, 0.5, 0.25],
    "decoder": "fcn",
    "output_stride": 4,
}
OF_PLACES = {"name", "arch", "folder"}
OF_KINDS = {"options", "input"}  # tried where a kind has some: tests/models/kinds/test_hf.py
BESIDE = {"mean": {"std": CHANGED["std"]}, "std": {"mean": CHANGED["mean"]}, "output_stride": {"decoder": "fcn"}}


def test_an_option_of_the_model_is_tried_below() -> None:
    assert set(Source.model_fields) == CHANGED.keys() | OF_PLACES | OF_KINDS


@pytest.mark.parametrize("option", [name for name in CHANGED if name != "rename"])
def test_every_option_of_a_net_survives_a_file(option: str, tmp_path: Path) -> None:
    narrow = {} if option == "width" else {"width": 0.25}
    network = Source.parse({"name": "resnet8", option: CHANGED[option], **BESIDE.get(option, {}), **narrow}).load(
        seed=2
    )
    file = save_network(network, tmp_path / "net.safetensors")
    again = Source.parse(f"path:{file}").load()
    assert again.origin.net == origin_of(network).net
    built = Source.parse(again.origin.net).load(seed=2)
    shapes = [{n: v.shape for n, v in net.state_dict().items()} for net in (network, again, built)]
    assert shapes[0] == shapes[1] == shapes[2]
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(again(x), network(x))
    assert torch.equal(built(x), network(x)), "the seed's weights again, behind the same normaliser"


def test_a_foreign_file_is_found_again_with_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = Source.parse({"name": "resnet8", "width": 0.25}).load().body
    torch.save({f"x.{name}": value for name, value in body.state_dict().items()}, tmp_path / "theirs.pt")
    asked = {"name": f"path:{tmp_path}/theirs.pt", "arch": "resnet8", "width": 0.25, "rename": {"^x\\.": ""}}
    origin = origin_of(Source.parse(asked).load())
    assert str(tmp_path) not in str(origin.identity()), "a machine's folders are nobody's business"
    monkeypatch.chdir(tmp_path)
    again = Source.parse(origin.source).load()
    assert all(torch.equal(value, body.state_dict()[name]) for name, value in again.body.state_dict().items())
    assert again.origin.sha256 == origin.sha256 != ""


def test_what_is_as_by_default_is_not_written() -> None:
    assert Source.parse("resnet8").load(seed=3).origin == Origin(source={"name": "resnet8"}, seed=3)


def test_words() -> None:
    named = Source.parse("resnet8").load(seed=4).origin
    assert str(named) == "resnet8 (random, seed 4)"
    assert str(named.replace(trained=True)) == "resnet8 (random, seed 4), trained here"
    assert str(Origin(source={"name": "path:a.pt", "arch": "resnet20"}, sha256="0123456789abcdef")) == (
        "path:a.pt (resnet20, sha256 0123456789ab)"
    )
    mine = Network(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3)), source="mine").origin
    assert (str(mine), mine.can_be_built, mine.bare) == ("mine", False, "")


def test_a_net_without_its_weights() -> None:
    names = ("torchvision:resnet18@IMAGENET1K_V1", "timm:resnet18.a1_in1k", "robust:resnet50-l2-eps3", "resnet20")
    assert [without_weights(name) for name in names] == [
        "torchvision:resnet18",
        "timm:resnet18",
        "torchvision:resnet50",
        "resnet20",
    ]


@pytest.mark.parametrize(
    ("sentence", "net", "origin"),
    [
        ("resnet8 (random, seed 7)", {"name": "resnet8", "width": 0.5}, {"width": 0.5, "seed": 7}),
        ("resnet8 (random, seed 7), trained here", None, {"seed": 7, "trained": True}),
        ("torchvision:resnet18@IMAGENET1K_V1", None, {}),
        ("path:a (b).pt (resnet20, sha256 0123456789ab)", {"name": "resnet20", "width": 2.0}, {"arch": "resnet20"}),
        ("Sequential", None, {}),
    ],
)
def test_sentences_of_older_tickets(sentence: str, net: object, origin: dict[str, Any]) -> None:
    found = older_origin(sentence, net)
    assert found is not None
    assert str(found) == sentence, "it says what it was read from"
    assert {**found.source, "seed": found.seed, "trained": found.trained}.items() >= origin.items()
    assert found.source.get("width", 1.0) == (net["width"] if isinstance(net, dict) else 1.0)


def test_what_older_tickets_do_not_say() -> None:
    assert older_origin("") is None
    assert older_adapted({}) is None
    found = older_adapted({"adapted_to": {"name": "classification", "data": {"name": "digits", "size": 8}}})
    assert found is not None
    assert (found.preprocessing.size, found.classes, found.title) == (8, (), "classification of digits")

"""A kind, a head and an input of one's own: one file each in a folder on ``TOMBOLA_PATH``, and nothing else."""

from pathlib import Path

import pytest
import torch

from tombola.errors import ModelError
from tombola.models.files import save_network
from tombola.models.known import known_models
from tombola.models.network import num_outputs
from tombola.models.source import Source

KIND = '''"""Nets of mine: ``mine:NAME``."""
from tombola.errors import ModelError
from tombola.models.kinds._base import Asked, Kind
from tombola.spec import option


class Mine(Kind):
    FORM = "mine:NAME"
    depth: int = option(1, "how many layers", ge=1)

    @classmethod
    def resolved(cls, net):
        if net != "flat":
            raise ModelError(f"mine has no {net!r}; write mine:flat")
        return net

    @classmethod
    def known(cls):
        return {cls.FORM: "a net of mine"}

    def build(self, asked):
        import torch
        from torch import nn
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        with seeded(asked.seed):
            hidden = [nn.Linear(12, 12) for _ in range(self.depth)]
            body = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(12, asked.outputs or 2))
        return Network(body, source=Origin(source={"name": self.written(self.net)}, seed=asked.seed))
'''
HEAD = '''"""Twice a linear layer."""
from torch import nn
from tombola.models.heads._base import Features, Head


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Twice(Head):
    def make(self, features, outputs, *, generator):
        layer = nn.utils.skip_init(Doubled, features.channels, outputs)
        for tensor in layer.parameters():
            tensor.data.uniform_(-0.1, 0.1, generator=generator)
        return layer

    def fits(self, layer):
        return isinstance(layer, Doubled)

    def outputs(self, layer):
        return layer.out_features
'''
INPUT = '''"""Images upside down."""
from tombola.models.inputs._base import Input, InputLayer


class Turned(InputLayer):
    bounds = (0.0, 1.0)

    def run(self, body, x, more):
        return body(x.flip(2), **more)

    def continuous(self, body, x):
        return x

    def described(self):
        return {"input": {"name": "turned"}}


class UpsideDown(Input):
    def layer(self, body, *, generator):
        return Turned()
'''


@pytest.fixture(autouse=True)
def _added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for family, name, text in (("kinds", "mine", KIND), ("heads", "twice", HEAD), ("inputs", "turned", INPUT)):
        (tmp_path / family).mkdir()
        (tmp_path / family / f"{name}.py").write_text(text)
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))


def test_a_kind_is_named_built_listed_and_has_options_of_its_own() -> None:
    network = Source.parse({"name": "mine:flat", "depth": 3}).load(num_classes=5, seed=1)
    assert network(torch.rand(2, 3, 2, 2)).shape == (2, 5)
    assert len(list(network.body.children())) == 5
    assert network.source == "mine:flat (random, seed 1)"
    assert known_models()["mine:NAME"] == "a net of mine"
    with pytest.raises(ModelError, match=r"mine has no 'round'; write mine:flat"):
        Source.parse("mine:round")
    with pytest.raises(ModelError, match="mine:NAME"):
        Source.parse("his:flat")


def test_a_head_and_an_input_go_through_a_file(tmp_path: Path) -> None:
    source = Source.parse({"name": "mine:flat", "depth": 2, "decoder": "twice", "input": "turned"})
    network, x = source.load(num_classes=4, seed=1), torch.rand(2, 3, 2, 2)
    assert num_outputs(network.head) == 4
    assert torch.equal(network(x), network.body(x.flip(2)))
    again = Source.parse(f"path:{save_network(network, tmp_path / 'net.safetensors')}").load()
    assert torch.equal(again(x), network(x))
    assert again.head_kind.name == "twice"

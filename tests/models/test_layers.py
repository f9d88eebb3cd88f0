"""How weights lie in a model's layers, and at how many places of an image they are used."""

import pytest
import torch
from torch import Size, Tensor, nn

from tombola.batch import blank
from tombola.masks.layers import Layer
from tombola.models.layers import layers_of, with_positions
from tombola.models.network import Network


class Plain(nn.Module):
    """One layer of each kind on an RGB image of 8x8 pixels; ``twice`` is called two times."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.twice = nn.Conv2d(8, 8, 1)
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2, groups=2)
        self.flat = nn.Conv1d(6, 4, 5)
        self.tokens = nn.Linear(60, 3)
        self.head = nn.Linear(12, 2)
        self.never = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.twice(self.twice(self.depthwise(self.stem(x))))
        x = self.flat(self.up(x).flatten(2))
        out: Tensor = self.head(self.tokens(x).flatten(1))
        return out


def network(body: nn.Module) -> Network:
    return Network(body, source="toy", head="head")


def weights(body: nn.Module) -> list[str]:
    return [name for name, parameter in body.named_parameters() if parameter.dim() > 1]


def test_groups_and_transposition_are_those_of_the_convolution() -> None:
    found = layers_of(body := Plain(), weights(body))
    assert found["depthwise.weight"] == Layer(Size((8, 1, 3, 3)), groups=8)
    assert found["up.weight"] == Layer(Size((8, 3, 2, 2)), groups=2, transposed=True)
    assert found["flat.weight"] == Layer(Size((4, 6, 5)))
    assert found["head.weight"] == Layer(Size((2, 12)))
    assert list(found) == weights(body)


def test_positions_are_the_places_a_weight_is_multiplied_at() -> None:
    body = Plain()
    found = with_positions(network(body), weights(body), blank(8))
    assert {name.removesuffix(".weight"): layer.positions for name, layer in found.items()} == {
        "stem": 16,
        "depthwise": 16,
        "twice": 32,
        "up": 16,  # those of its input
        "flat": 60,
        "tokens": 4,
        "head": 1,
        "never": 0,
    }
    assert found["up.weight"].groups == 2
    assert found["up.weight"].transposed


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_uses_its_projections_once_for_each_token(batch_first: bool) -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(3, 1, batch_first=batch_first)
            self.head = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            tokens = x.flatten(2).transpose(1, 2)
            tokens = tokens if batch_first else tokens.transpose(0, 1)
            out: Tensor = self.head(self.attention(tokens, tokens, tokens)[0].mean(1 if batch_first else 0))
            return out

    body = Attending()
    found = with_positions(network(body), [name for name in weights(body) if "head" not in name], blank(4))
    assert {name: layer.positions for name, layer in found.items()} == {
        "attention.in_proj_weight": 16,
        "attention.out_proj.weight": 16,
    }


def test_the_model_is_not_changed() -> None:
    model = network(body := Plain()).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with_positions(model, ["stem.weight"], blank(8))
    assert model.training
    assert not body.stem._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

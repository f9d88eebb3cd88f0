"""The presets' counts, layers of every kind, and rules that are wrong or find nothing."""

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from tombola.errors import ModelError, OptionError
from tombola.models.prunable import PrunableRule, prunable
from tombola.spec import Spec, option


def total(weights: dict[str, Tensor]) -> int:
    return sum(weight.numel() for weight in weights.values())


def all_kinds() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            stem=nn.Conv2d(4, 8, 3),
            norm=nn.BatchNorm2d(8),
            depthwise=nn.Conv2d(8, 8, 3, groups=8),
            grouped=nn.Conv2d(8, 8, 3, groups=2),
            line=nn.Conv1d(2, 3, 5),
            cube=nn.Conv3d(2, 3, 2),
            up=nn.ConvTranspose2d(8, 4, 2),
            words=nn.Embedding(10, 6),
            attention=nn.MultiheadAttention(6, 2),
            head=nn.Linear(6, 5),
        )
    )


@pytest.mark.parametrize(
    ("model", "every", "but_the_stem"),
    [("resnet18", 11_166_912, 11_157_504), ("resnet50", 23_454_912, 23_445_504)],
)
def test_counts_of_the_papers_networks(model: str, every: int, but_the_stem: int) -> None:
    import torchvision

    with torch.device("meta"):
        body = torchvision.models.get_model(model, weights=None)
    assert total(prunable(body)) == total(prunable(body, "double_win")) == every
    assert total(prunable(body, "cv_lth")) == but_the_stem
    assert total(prunable(body, "open_lth")) == every + body.fc.weight.numel()
    assert list(prunable(body, "cv_lth")) == list(prunable(body))[1:]
    assert total(prunable(body, r"re:downsample\.0")) == sum(
        w.numel() for n, w in prunable(body).items() if "downsample" in n
    )


def test_every_kind_of_layer_counts_its_own_weights_in_module_order() -> None:
    convolutions = {
        "stem.weight": 8 * 4 * 9,
        "depthwise.weight": 8 * 9,
        "grouped.weight": 8 * 4 * 9,
        "line.weight": 3 * 2 * 5,
        "cube.weight": 3 * 2 * 8,
        "up.weight": 8 * 4 * 4,
    }
    linears = {"attention.in_proj_weight": 18 * 6, "attention.out_proj.weight": 36, "head.weight": 30}
    body = all_kinds()
    assert {name: weight.numel() for name, weight in prunable(body).items()} == convolutions
    assert list(prunable(body, "open_lth")) == [*convolutions, *linears]
    assert {n: w.numel() for n, w in prunable(body, "re:attention|head").items()} == linears


def test_what_comes_out_are_the_parameters_themselves() -> None:
    body = all_kinds()
    assert all(weight is body.get_parameter(name) for name, weight in prunable(body, "open_lth").items())


class Projection(nn.Module):
    """A linear layer that is no nn.Linear, with its weight the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 6))
        self.bias = nn.Parameter(torch.zeros(6))


class Tied(nn.Module):
    """A language model's shape: the head shares the embedding's tensor, and two layers share theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 4, 3))
        self.first = Projection()
        self.second = self.first
        self.head = nn.Linear(3, 10, bias=False)
        self.words = nn.Embedding(10, 3)
        self.head.weight = self.words.weight
        self.norm = nn.LayerNorm((2, 3))


def test_shared_tensors_come_once_and_embeddings_and_norms_never() -> None:
    assert list(prunable(Tied(), "open_lth")) == ["first.weight"]
    assert list(prunable(Tied(), "re:.*")) == ["first.weight"]


def test_include_adds_and_exclude_takes_away() -> None:
    body = all_kinds()
    rule = PrunableRule(preset="cv_lth", include=("^head",), exclude=("depthwise", "^up"))
    assert list(prunable(body, rule)) == ["grouped.weight", "line.weight", "cube.weight", "head.weight"]


class Holder(Spec):
    """A spec that holds a rule, as a scheme does."""

    rule: PrunableRule = option(PrunableRule(), "what may be pruned")


@pytest.mark.parametrize("text", ["double_win", "cv_lth", "open_lth", "re:^layer[12]"])
def test_text_parses_to_a_rule_and_back(text: str) -> None:
    rule = PrunableRule.parse(text)
    assert str(rule) == text
    assert PrunableRule.parse(rule.identity()) == PrunableRule.parse(rule) == rule
    assert Holder.model_validate({"rule": text}).rule == rule


def test_wrong_rules_are_explained_all_at_once() -> None:
    with pytest.raises(OptionError, match=r"'cv_lht'.*did you mean 'cv_lth'.*or write re:PATTERN"):
        PrunableRule.parse("cv_lht")
    with pytest.raises(OptionError, match=r"'\(' is not a regular expression: missing \)"):
        prunable(all_kinds(), "re:(")
    with pytest.raises(OptionError) as caught:
        PrunableRule.parse({"preset": "nope", "exclude": ["["], "inlcude": ["a"]})
    assert len(caught.value.problems) == 3
    with pytest.raises(OptionError):
        PrunableRule.parse(3)


def test_a_rule_that_finds_nothing_names_the_candidates() -> None:
    with pytest.raises(ModelError, match=r"'double_win' selects no weight of this Sequential.*0\.weight, 1\.weight"):
        prunable(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    with pytest.raises(ModelError, match=r"layer1 .*stem\.weight.*up\.weight"):
        prunable(all_kinds(), "re:layer1 ")
    with pytest.raises(ModelError, match="cv_lth"):
        prunable(nn.Sequential(nn.Conv2d(1, 1, 1)), "cv_lth")
    with pytest.raises(ModelError, match="and 8 more"):
        prunable(nn.Sequential(*(nn.Linear(1, 1) for _ in range(20))))
    with pytest.raises(ModelError, match="has none of two or more dimensions"):
        prunable(nn.BatchNorm2d(2))

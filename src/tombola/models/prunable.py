"""Which tensors of a model may be pruned: presets named after the systems they come from, or regular expressions.

Candidates are the weights of layers: parameters called ``...weight`` of two or more dimensions. Biases, norms and
embeddings (also where another layer shares the embedding's tensor) are never among them.

- ``double_win``: every convolution, the stem and the downsampling ones included (Double-Win Lottery Tickets; default).
- ``cv_lth``: every convolution but the stem, which is the model's first one (Lottery Tickets in Computer Vision).
- ``open_lth``: every convolution and every linear layer, the classifier included (OpenLTH).
- ``bert``: every matrix in the layers of an encoder and its pooler's; neither embeddings nor the classifier (The
  Lottery Ticket Hypothesis for Pre-trained BERT Networks: 73 matrices and 85,524,480 weights of bert-base).
- ``sparsegpt``: every matrix in the layers of a causal language model; neither embeddings nor the head (SparseGPT,
  Frantar and Alistarh, ICML 2023: 210 matrices and 106,168,320 weights of SmolLM2-135M).
- ``attention``: every matrix of an encoder's attentions, whose heads the pattern ``head`` prunes whole.
- ``none``: nothing, for a rule made of regular expressions alone.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import field_validator, model_validator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from tombola.errors import ModelError, near
from tombola.models.units import units_of
from tombola.spec import Spec, build, option

Weights: TypeAlias = dict[str, Tensor]

_ENCODER: Final = re.compile(r"(^|\.)layers?\.\d+\.|(^|\.)pooler\.")
_DECODER: Final = re.compile(r"(^|\.)(layers|h)\.\d+\.")
_NEVER: Final = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm, _NormBase)


class PrunableRule(Spec):
    """A preset's weights and those an ``include`` finds, without those an ``exclude`` finds.

    Written as text it is a preset's name, or ``re:PATTERN`` for the weights whose name the pattern finds.
    """

    preset: str = option(
        "double_win", "double_win (all convolutions), cv_lth, open_lth, bert, sparsegpt, attention or none"
    )
    include: tuple[str, ...] = option(
        (), "regular expressions searched in names such as layer1.0.conv1.weight; found: added"
    )
    exclude: tuple[str, ...] = option((), "regular expressions; a weight in whose name one is found is left alone")

    @classmethod
    def parse(cls, value: object) -> "PrunableRule":
        """A rule from its text, from a mapping of its options, or as it is; every problem in one `OptionError`."""
        if isinstance(value, PrunableRule):
            return value
        options = _from_text(value)
        return build(cls, options if isinstance(options, Mapping) else {"preset": options}, "prunable rule")

    def __str__(self) -> str:
        if not self.include and not self.exclude:
            return self.preset
        if self.preset == "none" and len(self.include) == 1 and not self.exclude:
            return f"re:{self.include[0]}"
        return f"{self.preset} with {list(self.include)} without {list(self.exclude)}"

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: object) -> object:
        return _from_text(value)

    @field_validator("preset")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in _PRESETS:
            names = list(_PRESETS)
            raise ValueError(f"no such preset{near(value, names)} (there are: {', '.join(names)}; or write re:PATTERN)")
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _compiles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        return value


def prunable(body: nn.Module, rule: str | PrunableRule = "double_win") -> Weights:
    """The parameters that ``rule`` lets be pruned, by name, in module order; the parameters themselves, not copies.

    Raises `ModelError` with the candidates' names when there are none.

    >>> body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 2))
    >>> list(prunable(body)), list(prunable(body, "open_lth")), list(prunable(body, "re:^3"))
    (['0.weight'], ['0.weight', '3.weight'], ['3.weight'])
    """
    parsed = PrunableRule.parse(rule)
    weights = candidates(body)
    preset = _PRESETS[parsed.preset](body, weights)
    found = {name: weight for name, weight in weights.items() if name in preset or _finds(parsed.include, name)}
    found = {name: weight for name, weight in found.items() if not _finds(parsed.exclude, name)}
    if not found:
        raise ModelError(
            f"the rule {str(parsed)!r} selects no weight of this {type(body).__name__};"
            f" write another preset, or re:PATTERN for some of {_some(list(weights))}"
        )
    return found


def candidates(body: nn.Module) -> Weights:
    """Every weight that a rule may select, by name, in module order; a tensor that layers share comes once."""
    shut = {id(p) for module in body.modules() if isinstance(module, _NEVER) for p in module.parameters(recurse=False)}
    return {
        name: parameter
        for name, parameter in body.named_parameters()
        if name.endswith("weight") and parameter.dim() > 1 and id(parameter) not in shut
    }


def _convolutions(body: nn.Module, weights: Weights) -> list[str]:
    of_layers = {id(module.weight) for module in body.modules() if isinstance(module, _ConvNd)}
    return [name for name, weight in weights.items() if id(weight) in of_layers]


def _without_stem(body: nn.Module, weights: Weights) -> list[str]:
    return _convolutions(body, weights)[1:]


def _with_linears(body: nn.Module, weights: Weights) -> list[str]:
    """Linear by shape, not by class: so other libraries' linear layers and attention's joint projection count too."""
    return _convolutions(body, weights) + [name for name, weight in weights.items() if weight.dim() == 2]


def _of_encoders(_body: nn.Module, weights: Weights) -> list[str]:
    return [name for name, weight in weights.items() if weight.dim() == 2 and _ENCODER.search(name)]


def _of_decoders(_body: nn.Module, weights: Weights) -> list[str]:
    return [name for name, weight in weights.items() if weight.dim() == 2 and _DECODER.search(name)]


def _of_attentions(body: nn.Module, weights: Weights) -> list[str]:
    return [name for units in units_of(body) if units.kind == "heads" for name in units.weights if name in weights]


def _nothing(_body: nn.Module, _weights: Weights) -> list[str]:
    return []


_PRESETS: Final[dict[str, Callable[[nn.Module, Weights], list[str]]]] = {
    "double_win": _convolutions,
    "cv_lth": _without_stem,
    "open_lth": _with_linears,
    "bert": _of_encoders,
    "sparsegpt": _of_decoders,
    "attention": _of_attentions,
    "none": _nothing,
}


def _from_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"preset": "none", "include": (value[3:],)} if value.startswith("re:") else {"preset": value}


def _finds(patterns: tuple[str, ...], name: str) -> bool:
    return any(re.search(pattern, name) for pattern in patterns)


def _some(names: list[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (", ".join(names[:limit]) + more) if names else "its weights (it has none of two or more dimensions)"

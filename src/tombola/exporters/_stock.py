"""A network of texts as one of transformers' own classes, where one of them answers the same."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from tombola.models.encoders import HEAD, EncoderBody
from tombola.models.network import Network, num_outputs
from tombola.models.showing import drawn, shown_to
from tombola.models.units import units_of
from tombola.models.word_heads import HIDDEN

EXACT: Final = 1e-5
"""How far their logits may be from ours, as a part of the largest: sums in another order."""

_CLASSES: Final = "AutoModelForSequenceClassification"
_MASKED: Final = "AutoModelForMaskedLM"
_NEXT: Final = "AutoModelForCausalLM"


@dataclass(frozen=True)
class Stock:
    """``model`` is of the class that transformers' ``auto`` finds by the configuration."""

    auto: str
    model: Any


def stock_of(network: Network, config: Any) -> Stock | None:
    """The class of transformers' that gives the network's logits, filled with its weights; None where none does."""
    for auto, names in _candidates(network):
        model = _filled(auto, names, network.body.state_dict(), config)
        if model is not None and difference(network, model) <= EXACT:
            return Stock(auto, model)
    return None


@torch.no_grad()
def difference(network: Network, model: Any) -> float:
    """How far a model of theirs is from the network on random texts, as a part of the largest logit."""
    batch = drawn(shown_to(network), 3, torch.Generator().manual_seed(0))
    ours = network.eval()(batch.x, **batch.more)
    theirs = model.eval()(input_ids=batch.x, **batch.more).logits
    if theirs.shape != ours.shape:
        return float("inf")
    return float((theirs - ours).abs().max() / ours.abs().max().clamp_min(torch.finfo(torch.float32).tiny))


def configured(network: Network, classes: tuple[str, ...]) -> Any:
    """The encoder's configuration with the classes' names, and with as many units as every layer has."""
    assert isinstance(network.body, EncoderBody)
    config: Any = copy.deepcopy(network.body.inner.config)
    between = {units.count(network.body) for units in units_of(network.body) if units.kind == "units"}
    if len(between) == 1:  # layers that were made smaller alike
        setattr(config, "hidden_dim" if config.model_type == "distilbert" else "intermediate_size", between.pop())
    if network.head_kind.name == "linear":
        names = classes or tuple(f"LABEL_{number}" for number in range(num_outputs(network.head)))
        config.num_labels = len(names)
        config.id2label = dict(enumerate(names))
        config.label2id = {name: number for number, name in enumerate(names)}
        config.problem_type = "single_label_classification" if len(names) > 1 else "regression"
    return config


def _candidates(network: Network) -> Iterator[tuple[str, dict[str, str]]]:
    """Classes that could be meant, and how what we call a tensor begins there."""
    assert isinstance(network.body, EncoderBody)
    kind, pooler = network.head_kind.name, f"{network.body.prefix}.pooler.dense."
    if kind == "linear" and network.body.pool == "cls":
        yield _CLASSES, {}
        yield _CLASSES, {f"{HEAD}.": f"{HEAD}.out_proj.", pooler: f"{HEAD}.dense."}
    elif kind == "mlm":
        for dense, norm, bias in HIDDEN:
            yield _MASKED, {f"{HEAD}.dense.": f"{dense}.", f"{HEAD}.norm.": f"{norm}.", f"{HEAD}.bias": bias}
    elif kind == "lm":
        yield _NEXT, {f"{HEAD}.": "lm_head."}


def _filled(auto: str, names: Mapping[str, str], state: Mapping[str, Tensor], config: Any) -> Any | None:
    """The model with our tensors under its own names; None where it has others that ours do not make up."""
    import transformers

    from tombola.models.seeded import seeded

    try:
        with seeded(0):
            model = getattr(transformers, auto).from_config(config)
    except ValueError:  # there is no such class of this family
        return None
    theirs, ours = model.state_dict(), {_renamed(name, names): tensor for name, tensor in state.items()}
    if any(name in theirs and tensor.shape != theirs[name].shape for name, tensor in ours.items()):
        return None
    missing = model.load_state_dict(ours, strict=False).missing_keys
    model.tie_weights()
    tied = {
        name
        for name in missing
        if any(theirs[name].data_ptr() == theirs[other].data_ptr() for other in ours if other in theirs)
    }
    return model if set(missing) <= tied else None


def _renamed(name: str, names: Mapping[str, str]) -> str:
    start = next((start for start in names if name.startswith(start)), None)
    return name if start is None else names[start] + name.removeprefix(start)

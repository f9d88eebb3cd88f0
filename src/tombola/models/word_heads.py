"""Heads of words that checkpoints bring: a causal model's next word, an encoder's hidden one."""

import warnings
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import table_of
from tombola.models.encoders import EncoderBody
from tombola.models.heads.lm import NextWord
from tombola.models.heads.mlm import TiedDecoder

_NEXT: Final = "lm_head.weight"
HIDDEN: Final = (
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
    ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    ("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias"),
    ("head.dense", "head.norm", "decoder.bias"),
)
"""Of BERT, RoBERTa, DistilBERT, ELECTRA and ModernBERT: the linear layer, its norm, and the words' bias."""

_ACTIVATIONS: Final = {"bert": "hidden_act", "distilbert": "activation", "modernbert": "classifier_activation"}
"""Where a family's configuration says what stands before the norm; the others always have GELU there."""
_DECODERS: Final = (
    "cls.predictions.decoder.weight",
    "lm_head.decoder.weight",
    "vocab_projector.weight",
    "generator_lm_head.weight",
    "decoder.weight",
)


def tell_next_words(body: EncoderBody, *, tied: bool) -> None:
    """Put a head of next words on a causal body, in place: the table itself, or a matrix that begins as the table."""
    table = table_of(body)
    if table.embedding_dim != body.width:
        raise ModelError(
            f"its words are {table.embedding_dim} wide and its tokens {body.width}: a head between the two is not known"
        )
    body.classifier = NextWord(table, None if tied else table.weight.detach().clone())
    body.reads = "tokens"


def fill_next_words(body: EncoderBody, weights: Mapping[str, Tensor]) -> None:
    """The matrix of a checkpoint put into a head that is not tied, in place; raises `ModelError` where it has none."""
    head = body.classifier
    if not isinstance(head, NextWord) or head.weight is None:
        return
    found = weights.get(_NEXT)
    if found is None or found.shape != head.weight.shape:
        raise ModelError(f"the configuration has a head that is not tied to the words, and the file no {_NEXT} for it")
    with torch.no_grad():
        head.weight.copy_(found)


def tell_hidden_words(body: EncoderBody, weights: Mapping[str, Tensor]) -> bool:
    """Put the head of a masked language model on an encoder, in place, where its checkpoint has one that is known.

    Biases that it lacks, as ModernBERT's, are 0. A warning says where a checkpoint has another.
    """
    parts = next((parts for parts in HIDDEN if f"{parts[0]}.weight" in weights and _has_bias(parts, weights)), None)
    if parts is None or not _as_ours(body, weights):
        _say_unknown(body, weights)
        return False
    dense, norm, bias = parts
    matrix = weights[f"{dense}.weight"]
    with torch.device("meta"):
        layer = nn.Linear(matrix.shape[1], matrix.shape[0])
    head = TiedDecoder(layer.to_empty(device="cpu"), table_of(body))
    found = {
        "dense.weight": matrix,
        "dense.bias": weights.get(f"{dense}.bias", torch.zeros(len(matrix))),
        "norm.weight": _either(weights, f"{norm}.weight", f"{norm}.gamma"),
        "norm.bias": _either(weights, f"{norm}.bias", f"{norm}.beta", torch.zeros(len(matrix))),
        "bias": weights.get(bias, torch.zeros(head.words)),
    }
    head.load_state_dict(found)
    body.classifier, body.reads = head, "tokens"
    return True


def _has_bias(parts: tuple[str, str, str], weights: Mapping[str, Tensor]) -> bool:
    """Whether the words' bias is there; ModernBERT's may be left out."""
    return parts[2] in weights or parts[0].startswith("head.")


def _as_ours(body: EncoderBody, weights: Mapping[str, Tensor]) -> bool:
    """Whether its last matrix is the table of words, and GELU stands before it."""
    config: Any = body.inner.config
    named = _ACTIVATIONS.get(str(config.model_type))
    if named is not None and getattr(config, named, "gelu") != "gelu":
        return False
    table = table_of(body).weight
    matrices = (weights.get(name) for name in _DECODERS)
    return all(
        found is None or (found.shape == table.shape and torch.equal(found.to(table), table)) for found in matrices
    )


def _either(weights: Mapping[str, Tensor], name: str, older: str, lacking: Tensor | None = None) -> Tensor:
    found = weights.get(name, weights.get(older, lacking))
    if found is None:
        raise ModelError(f"its head of hidden words has no {name}")
    return found


def _say_unknown(body: EncoderBody, weights: Mapping[str, Tensor]) -> None:
    """Warns of what lies beside the encoder and is as long as its table of words."""
    words, start = table_of(body).num_embeddings, f"{body.prefix}."
    beside = [name for name, value in weights.items() if not name.startswith(start) and value.shape[:1] == (words,)]
    whole = beside or [name for dense, _, _ in HIDDEN if (name := f"{dense}.weight") in weights]
    if whole and any(name.startswith(start) for name in weights):
        warnings.warn(
            f"the file has a head of words of a form not known here ({whole[0]}), so decoder=mlm begins fresh",
            stacklevel=2,
        )

"""Sequence encoders of transformers: built from a configuration, filled from safetensors, behind one head.

Nothing is downloaded here, no code of a checkpoint is run, and pickles are not read. transformers is imported on first
use.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.heads._base import ShowsTokens
from tombola.models.readers import fill

Pool: TypeAlias = Literal["cls", "mean"]

HEAD: Final = "classifier"
_OF_A_PROGRAM: Final = ("transformers_version", "_name_or_path", "auto_map", "torch_dtype", "dtype")
_POOLER: Final = "pooler."
_CONSTANTS: Final = ("position_ids", ".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq")
"""What older checkpoints hold and nobody learned."""


class EncoderBody(ShowsTokens):
    """Answers (N, outputs) at token ids (N, L), or (N, L, outputs) under a head that reads tokens.

    The encoder's layers are named as in the checkpoints of its family.

    Of a pair ``token_type_ids`` say which token is of which text; encoders without vectors for that leave them aside.
    ``at`` (N, K) are the only tokens that a head of tokens answers at, in that order.

    What is read of a text: ``cls``, the pooler's vector or the first token's where there is no pooler, of causal models
    the last one's, which alone has seen the text; ``mean``, the mean of the tokens that the attention mask counts.
    """

    def __init__(
        self, encoder: nn.Module, width: int, outputs: int, pool: Pool, dropout: float, *, causal: bool = False
    ) -> None:
        super().__init__()
        self.width = width
        self.causal = causal
        self.prefix = str(getattr(encoder, "base_model_prefix", "")) or "encoder"
        self.add_module(self.prefix, encoder)
        self.pool = pool
        self.tells_pairs = getattr(getattr(encoder, "config", None), "type_vocab_size", 0) > 1
        self.dropout = nn.Dropout(dropout)
        self.classifier: nn.Module = nn.Linear(width, outputs)

    @property
    def takes(self) -> tuple[str, ...]:
        """What may stand beside the ids, by name."""
        return ("attention_mask", "token_type_ids") if self.tells_pairs else ("attention_mask",)

    @property
    def inner(self) -> nn.Module:
        """The encoder without its head."""
        return self.get_submodule(self.prefix)

    def get_input_embeddings(self) -> nn.Module:
        """The table of words, as transformers call it."""
        found: nn.Module = self.inner.get_input_embeddings()  # type: ignore[operator]  # of every encoder of theirs
        return found

    def forward(
        self, ids: Tensor, attention_mask: Tensor | None = None, at: Tensor | None = None, **more: Tensor
    ) -> Tensor:
        if not self.tells_pairs:
            more.pop("token_type_ids", None)
        found: Any = self.inner(input_ids=ids, attention_mask=attention_mask, **more)
        if self.reads == "tokens":
            shown = found.last_hidden_state if at is None else tokens_at(found.last_hidden_state, at)
        else:
            shown = self._pooled(found, attention_mask)
        answers: Tensor = self.classifier(self.dropout(shown))
        return answers

    def _pooled(self, found: Any, mask: Tensor | None) -> Tensor:
        """One vector a text, (N, D)."""
        tokens: Tensor = found.last_hidden_state
        if self.pool == "mean":
            return _mean(tokens, mask)
        if self.causal:
            return _last(tokens, mask)
        pooled: Tensor | None = getattr(found, "pooler_output", None)
        return tokens[:, 0] if pooled is None else pooled


def encoder_body(config: str, outputs: int | None, pool: Pool) -> EncoderBody:
    """The body that a configuration describes, as JSON; it also says how many ``outputs`` where nobody asks."""
    made = described(config)
    causal = _is_causal(made)
    if causal:
        made.use_cache = False
    try:
        encoder = _transformers().AutoModel.from_config(made)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise ModelError(f"transformers makes no net of this configuration ({made.model_type}): {error}") from None
    dropout = getattr(made, "classifier_dropout", None) or getattr(made, "hidden_dropout_prob", None) or 0.0
    return EncoderBody(encoder, made.hidden_size, outputs or made.num_labels, pool, dropout, causal=causal)


def described(config: str) -> Any:
    """The configuration of transformers' that a JSON text stands for."""
    try:
        made = _config(json.loads(config))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"no configuration that transformers reads ({type(error).__name__}: {error}); write one such as {_EXAMPLE}"
        ) from None
    if getattr(made, "is_encoder_decoder", False):
        raise ModelError(f"{made.model_type} is of an encoder and a decoder, and nets of texts here have one; take one")
    return made


def _is_causal(made: Any) -> bool:
    """Whether its tokens see only those before them: models of the next word, and no model of hidden ones as well."""
    from transformers.models.auto import modeling_auto as known

    kind = made.model_type
    both = kind in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return kind in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and (not both or bool(getattr(made, "is_decoder", False)))


def configuration(file: Path) -> str:
    """What a ``config.json`` says of the net, as one JSON text."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: no configuration that can be read ({type(error).__name__})") from None
    if not isinstance(found, dict) or not isinstance(found.get("model_type"), str):
        raise ModelError(f"{file}: a configuration of transformers names its model_type, as in {_EXAMPLE}")
    return json.dumps({name: value for name, value in found.items() if name not in _OF_A_PROGRAM}, sort_keys=True)


_EXAMPLE: Final = '{"model_type": "bert", "hidden_size": 128, ...}'


def fill_encoder(body: EncoderBody, found: Mapping[str, Tensor], file: Path) -> None:
    """The weights of a file put into the encoder, in place; a head that the file has is left out.

    A pooler that the file lacks, as those of masked language models do, stays as it was drawn.
    """
    own = body.inner.state_dict()
    weights = {_spelled(name): tensor for name, tensor in _of_encoder(found, body.prefix).items()}
    weights = {name: tensor for name, tensor in weights.items() if not name.endswith(_CONSTANTS) or name in own}
    if not any(name.startswith(_POOLER) for name in weights):
        weights |= {name: tensor for name, tensor in own.items() if name.startswith(_POOLER)}
    fill(body.inner, weights, file)


def _of_encoder(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The encoder's tensors of a checkpoint with heads (``bert.encoder...`` beside ``cls...``), or of one without."""
    inside = {
        name.removeprefix(f"{prefix}."): value for name, value in weights.items() if name.startswith(f"{prefix}.")
    }
    return inside or {name: value for name, value in weights.items() if name != "lm_head.weight"}


def _spelled(name: str) -> str:
    """Norms of the first checkpoints are called after their letters."""
    for old, new in ((".LayerNorm.gamma", ".LayerNorm.weight"), (".LayerNorm.beta", ".LayerNorm.bias")):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _config(options: dict[str, Any]) -> Any:
    kind = options.pop("model_type")
    try:
        return _transformers().AutoConfig.for_model(kind, **options)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"transformers makes no configuration {kind!r} of these options: {error}") from None


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise ModelError("hf: needs transformers, not installed here; type: pip install 'tombola[text]'") from None
    return transformers


def _mean(tokens: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return tokens.mean(1)
    counted = mask.to(tokens.dtype)[..., None]
    return (tokens * counted).sum(1) / counted.sum(1).clamp_min(1)


def _last(tokens: Tensor, mask: Tensor | None) -> Tensor:
    """Of each text the last token that is counted, (N, D)."""
    if mask is None:
        return tokens[:, -1]
    places = torch.arange(mask.shape[1], device=mask.device)
    return tokens_at(tokens, (places * (mask != 0)).argmax(1, keepdim=True))[:, 0]


def tokens_at(tokens: Tensor, at: Tensor) -> Tensor:
    """Those of ``tokens`` (N, L, D) at places ``at`` (N, K): (N, K, D)."""
    return tokens.gather(1, at[..., None].expand(-1, -1, tokens.shape[2]))

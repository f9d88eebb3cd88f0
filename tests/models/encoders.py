"""Small random encoders of every family that is tried."""

import json
from typing import Any, Final

from tombola.models.network import Network
from tombola.models.source import Source

_SIZES: Final[dict[str, Any]] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 24, "max_position_embeddings": 32}  # fmt: skip
FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "bert": _SIZES,
    "roberta": {**_SIZES, "max_position_embeddings": 34, "pad_token_id": 1, "type_vocab_size": 1},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24, "max_position_embeddings": 32},
    "electra": {**_SIZES, "embedding_size": 8},
    "modernbert": {**_SIZES, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1,
        "sep_token_id": 2},
}  # fmt: skip


def encoder(family: str = "bert", *, pool: str = "cls", classes: int = 3, seed: int = 0, **options: Any) -> Network:
    """A random encoder of a family with a head, in evaluation; biases are not 0, as they are when fresh."""
    config = json.dumps({"model_type": family, "vocab_size": 60, **FAMILIES[family], **options})
    network = Source.parse({"name": "hf:tiny@config", "config": config, "pool": pool}).load(
        num_classes=classes, seed=seed
    )
    for place, (name, parameter) in enumerate(network.body.named_parameters()):
        if name.endswith("bias"):
            parameter.data.copy_(((parameter.detach() * 0 + 1).cumsum(0) * (0.7 + place)).sin() / 4)
    return network.eval()

"""IMP on masked words: every level begins from the pretrained weights, whatever the levels before have trained."""

import json
from typing import Any

import pytest
import torch
from tests.schemes.toys import climb

from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.source import Source
from tombola.schemes._base import Scheme
from tombola.schemes._rewound import digest_of
from tombola.tasks._base import Task

BERT = {
    "model_type": "bert", "vocab_size": 300, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 64,
}  # fmt: skip
FIT = {"preset": "mlm", "epochs": "2it", "batch": 8, "optimizer": {"lr": 1e-2}}


def test_the_state_that_words_are_rewound_to_is_no_alias_of_what_is_trained() -> None:
    """BERT-Tickets' script for masked words keeps the live tensors, and so "rewinds" each onto itself."""
    pytest.importorskip("transformers")
    model = Source.parse({"name": "hf:tiny@config", "config": json.dumps(BERT)}).load()
    words = Task.parse({"name": "mlm:prose", "num_train": 60, "tokenizer": "plain:300"})
    scheme: Any = Scheme.parse(
        {"name": "imp", "level": 3, "ladder": "linear:0.2", "head": "kept", "prunable": "bert", "fit": FIT}
    )
    before, state = weights_digest(model), digest_of(model)
    first, *later = climb(scheme, model, task=words)
    assert weights_digest(model) == before, "the model itself is left alone"
    assert {rung.ticket.lineage.extra["rewound"] for rung in (first, *later)} == {state}
    one, two = (rung.carried for rung in later)
    assert any(not torch.equal(one[name], two[name]) for name in one), "the head is trained on from level to level"
    headed = words.head(model, generator=torch.Generator().manual_seed(0))
    trained = scheme.fit.run(headed, words, masks=first.ticket.masks, seed=0, session=Session())
    assert digest_of(trained) != state, "there is something to go back from"

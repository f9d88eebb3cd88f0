"""Masked language modelling: tell words that are hidden from the text around them.

What: 15 % of a text's words are hidden (80 % behind the mask, 10 % behind another word, 10 % not at all), never special
    tokens, and cross-entropy is taken over the vocabulary at these alone, under a head whose last layer is the net's
    own table of words. Every epoch hides others; validation and test texts hide the same ones every time. A sample's
    loss is the mean over its hidden words. The headline is the share told right; ``perplexity`` is a property.
When: a source task for encoders of texts: ``mlm:prose``, ``mlm:FILE.txt``; draw on it, transfer to ``text:...``.
Cost: the head, at the words asked for alone. Texts longer than ``length`` are parted, not cut, unless said.
Options: ``data``; ``share`` of words hidden; ``test_seed``, which ones of test and validation texts.
Reference: Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805, section 3.1; Chen et al. (BERT-Tickets), NeurIPS 2020.
"""

from functools import cached_property, lru_cache
from typing import ClassVar, cast, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.answers import Answers, Tokens
from tombola.batch import Batch
from tombola.data._base import Splits, loaded
from tombola.data._hidden_words import NOTHING, HiddenWords, Hiding, hidden, restored
from tombola.data._text_set import RowSet, TextSet
from tombola.data._texts import Texts
from tombola.errors import DataError
from tombola.models.embeddings import table_of
from tombola.models.network import Network, num_outputs
from tombola.spec import option
from tombola.tasks._texts import OfTexts, known_texts


@final
class MaskedWords(OfTexts):
    """Which word is hidden?"""

    ANSWERS: ClassVar[type[Answers]] = Tokens
    PRESET: ClassVar[str] = "mlm"

    share: float = option(0.15, "the share of a text's words that are hidden", gt=0, lt=1)
    test_seed: int = option(0, "which words of validation and test texts are hidden", ge=0)

    @classmethod
    def meant(cls, value: object) -> TextSet:
        found = known_texts(value)
        if not isinstance(found, RowSet):
            raise ValueError(f"{found.name} holds passages with questions, no plain texts; write mlm:FILE.txt")
        return found if "longer" in found.model_fields_set else found.replace(longer="part")

    @property
    def answers(self) -> Tokens:
        return Tokens(self.texts.cutting().words)

    @cached_property
    def hiding(self) -> Hiding:
        """How words are hidden, asked once as files are read for it; `DataError` where the tokeniser has no mask."""
        cutting = self.texts.cutting()
        if cutting.mask is None:
            raise DataError(f"the tokeniser {self.texts.tokenizer} has no mask to hide words behind; take another one")
        return Hiding(cutting.mask, cutting.words, cutting.special, self.share)

    def splits(self) -> Splits[HiddenWords]:
        return _splits(self, self.digest())

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        """A model that tells hidden words already keeps its head: what it learned of them is what it goes on from."""
        if self.fits(model):
            return model.copy()
        return model.with_head(table_of(model.body).num_embeddings, generator=generator, head="mlm")

    def fits(self, model: Network) -> bool:
        self.check_net(model)
        return model.head_kind.name == "mlm" and num_outputs(model.head) == table_of(model.body).num_embeddings

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        """The same texts with other words hidden."""
        luck = torch.rand((*batch.x.shape, 3), generator=generator, device=generator.device).to(batch.x.device)
        return hidden(restored(batch), luck, self.hiding)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        each = F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none", ignore_index=NOTHING)
        return _means(each, targets)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        told = (outputs.argmax(2) == targets).float().masked_fill_(outputs.isnan().any(2), torch.nan)
        return _means(told.masked_fill(targets == NOTHING, 0), targets)


def _means(values: Tensor, targets: Tensor) -> Tensor:
    """The mean over each text's hidden words, (N,)."""
    counts = (targets != NOTHING).sum(1)
    return values.sum(1) / counts.clamp_min(1)


@lru_cache(maxsize=4)
def _splits(task: MaskedWords, digest: str) -> Splits[HiddenWords]:
    del digest  # part of the cache's key, as in `loaded`
    found, how = cast("Splits[Texts]", loaded(task.data)), task.hiding
    train, val, test = (
        HiddenWords.of(texts, how, task.test_seed + place)
        for place, texts in enumerate((found.train, found.val, found.test))
    )
    return Splits(train, val, test)

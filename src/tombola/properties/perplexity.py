"""Perplexity: among how many words, on average, the net is undecided where one is hidden.

What: the exponential of the mean cross-entropy over all hidden words of the test texts, each word counting alike;
    beside it the share of these words that are told right.
When: masked language modelling; lower is better, and a net that knows nothing has the vocabulary's size.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Jelinek et al., 1977; of masked words as in Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805.
"""

import math
from typing import final

from torch import Tensor
from torch.nn import functional as F

from tombola.answers import Tokens
from tombola.batch import Batch
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import each_batch, require_answers, test_examples
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Perplexity(Property):
    """How undecided the net is where a word is hidden."""

    batch: int = option(64, "texts a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(
            task, Tokens, "perplexity is of hidden words", "write measure: [accuracy], or --property accuracy"
        )

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        examples, device = test_examples(task, None), device_of(session.device)
        found = each_batch(model, examples, self.batch, device, _of_words)
        losses, told, words = zip(*found, strict=True)
        loss, right, count = sum(losses), sum(told), sum(words)
        # Above e^700 there is no number; a net so wrong is no better for being told apart from others like it.
        perplexity = math.exp(min(700.0, loss / max(1, count)))
        return [
            Measurement("perplexity", perplexity, count, better="lower"),
            Measurement("words_told", 100 * right / max(1, count), count, "%"),
        ]


def _of_words(shown: Batch, outputs: Tensor) -> tuple[float, int, int]:
    """The losses of a batch's hidden words, added up; how many are told right; how many there are."""
    asked = shown.targets >= 0
    told, words = outputs[asked], shown.targets[asked]
    loss = F.cross_entropy(told, words, reduction="none").double().sum()
    return float(loss), int((told.argmax(1) == words).sum()), len(words)

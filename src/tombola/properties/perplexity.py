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

import torch
from torch.nn import functional as F

from tombola.answers import Tokens
from tombola.attacks._crafting import crafting
from tombola.data._loading import batches
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import answers, ready, require_answers, test_examples
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
        network = ready(model, device)
        loss, right, count = 0.0, 0, 0
        with crafting(network, "eval"), torch.no_grad():
            for shown in batches(examples, self.batch, device=device):
                asked = shown.targets >= 0
                outputs, words = answers(network, shown)[asked], shown.targets[asked]
                loss += float(F.cross_entropy(outputs, words, reduction="none").double().sum())
                right += int((outputs.argmax(1) == words).sum())
                count += len(words)
        # Above e^700 there is no number; a net so wrong is no better for being told apart from others like it.
        perplexity = math.exp(min(700.0, loss / max(1, count)))
        return [
            Measurement("perplexity", perplexity, count, better="lower"),
            Measurement("words_told", 100 * right / max(1, count), count, "%"),
        ]

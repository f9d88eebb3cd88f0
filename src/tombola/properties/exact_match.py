"""Exact match: how many questions are answered as one of the people asked answered them.

What: the likeliest piece of the passage, over all its windows, is the answer told; in per cent the questions where it
    is one of the answers given, once small letters are made of all and punctuation and articles are left out, as
    SQuAD's own script has it. Of each window the ``best`` begins and ends are paired, at most ``longest`` tokens apart.
When: question answering over passages: ``spans:squad``, beside ``answer_f1``.
Cost: one forward pass over the test windows.
Options: longest, best; batch (not part of the identity).
Reference: Rajpurkar et al., EMNLP 2016, arXiv 1606.05250, and its evaluate-v1.1.py.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._answers_told import OfAnswers, exact, judged
from tombola.properties._base import Measurement
from tombola.properties._test_images import outcomes, test_examples
from tombola.tasks._base import Task


@final
class ExactMatch(OfAnswers):
    """Answers told to the letter."""

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        scores = judged(self.told(model, task, session), exact)
        kept = outcomes(scores, test_examples(task, None))
        return [Measurement("exact_match", 100 * float(scores.mean()), len(scores), "%", outcomes=kept)]

"""Answer F1: how many words the answers told share with those that people gave.

What: as ``exact_match`` tells answers; of each the F1 of its words with those of the nearest answer given, once small
    letters are made of all and punctuation and articles are left out, as SQuAD's own script has it; the mean over the
    questions in per cent.
When: question answering over passages: ``spans:squad``; the metric of the BERT tickets' paper there.
Cost: one forward pass over the test windows.
Options: longest, best; batch (not part of the identity).
Reference: Rajpurkar et al., EMNLP 2016, arXiv 1606.05250, and its evaluate-v1.1.py.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._answers_told import OfAnswers, judged, overlap
from tombola.properties._base import Measurement
from tombola.tasks._base import Task


@final
class AnswerF1(OfAnswers):
    """Words that answers share."""

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        scores = judged(self.told(model, task, session), overlap)
        return [Measurement("answer_f1", 100 * float(scores.mean()), len(scores), "%")]

"""Typo error: how often a model errs on mistyped texts, four kinds of typing error at several rates.

What: the mean error in per cent over every kind and rate (``typo_error``, each cell counting alike), beside it the
    error on the texts as they are (``clean_error``), what typing errors add to it (``relative_typo_error``, points),
    the error by kind (``swap_error``, ...) and by rate (``rate_0.05_error``, ...). A rate is the share of letters hit:
    two letters swapped, one dropped, one put in, or the key beside. Spaces, signs and whole words stay, labels too;
    letters of other alphabets than the Latin one are not hit. Texts are damaged as they are written, before they are
    cut into tokens, so no special token is; they are the same for every model and every seed of a study.
When: natural damage to texts instead of an adversary's, beside ``adv_glue``.
Cost: a forward pass over the test texts for every kind and rate, 12 unless said, and the tokeniser's work.
Options: kinds, rates, samples, texts_seed, batch (not part of the identity).
Reference: Belinkov and Bisk, ICLR 2018, arXiv 1711.02173; Pruthi et al., ACL 2019, arXiv 1905.11268.
"""

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.data._counts import Counts
from tombola.data._text_set import Row
from tombola.data._typos import KINDS, Kind
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._damage import errors_by
from tombola.properties._rows import row_mistyped, rows_of
from tombola.properties._test_images import image_scores
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class TypoError(Property):
    """Errors on mistyped texts."""

    EXAMPLES: ClassVar[Examples] = ({"kinds": ["drop", "neighbour"], "rates": [0.3], "samples": 10},)

    kinds: tuple[Kind, ...] = option(KINDS, "which kinds of typing error", min_length=1)
    rates: tuple[float, ...] = option((0.05, 0.1, 0.2), "the shares of letters hit", min_length=1)
    samples: int | None = option(None, "how many of the first test texts; empty: all", ge=1)
    texts_seed: int = option(0, "which random numbers damage the texts; the same for every model and seed", ge=0)
    batch: int = option(64, "texts a forward pass", identity=False, ge=1)

    @field_validator("rates")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < rate <= 1 for rate in value):
            raise ValueError("write shares of letters, above 0 and up to 1, as in [0.05, 0.1]")
        return tuple(sorted(set(value)))

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, value: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return tuple(kind for kind in KINDS if kind in value)

    def check(self, task: Task) -> None:
        rows_of(task, self.name)

    def passes(self, counts: Counts) -> float:
        return (1 + len(self.kinds) * len(self.rates)) * min(counts.test, self.samples or counts.test)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        data, classes = rows_of(task, self.name), task.splits().classes
        rows, device = self._some(data.rows().test), device_of(session.device)

        def error(shown: Sequence[Row]) -> float:
            scores = image_scores(model, task, data.shown(shown, classes)[0], self.batch, device)
            return 100 * float((1 - scores).mean())

        clean, cells = error(rows), len(self.kinds) * len(self.rates)
        found = torch.zeros(len(self.kinds), len(self.rates), dtype=torch.float64)
        with session.reporter.task(self.name, cells, 0) as bar:
            for row, kind in enumerate(self.kinds):
                for column, rate in enumerate(self.rates):
                    found[row, column] = error(
                        [row_mistyped(one, at, kind, rate, seed=self.texts_seed) for at, one in enumerate(rows)]
                    )
                    bar.advance(1, samples=len(rows), loss=None)
        return self._measurements(found, clean, len(rows))

    def _some(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self.samples is not None and self.samples > len(rows):
            raise RequestError(
                f"samples={self.samples}: the test split holds {len(rows)} texts; leave it empty for all"
            )
        return rows[: self.samples]

    def _measurements(self, errors: Tensor, clean: float, count: int) -> list[Measurement]:
        """``errors`` in per cent, (kinds, rates)."""
        detail: dict[str, Scalar] = {
            "kinds": ", ".join(self.kinds),
            "rates": ", ".join(f"{rate:g}" for rate in self.rates),
            "texts_seed": self.texts_seed,
        }
        rates = [f"rate_{rate:g}" for rate in self.rates]
        return errors_by("typo", errors, clean, self.kinds, rates, count=count, detail=detail, beside={})

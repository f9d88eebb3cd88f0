"""`Predictor`: a finished model and how its samples are made ready; samples in, answers out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

from tombola.choices import Answer, Failed, answer_of
from tombola.data._tokens import Written
from tombola.engines._base import Running
from tombola.errors import DataError, OptionError
from tombola.fitting.session import Bar
from tombola.predicting.ready import Ready
from tombola.predicting.samples import Sample
from tombola.predicting.told import Told

BATCH: Final = 32
TOP: Final = 5


@final
class Predictor:
    """Made by `load`. Nothing it is given is changed, and it may be asked from several threads one after another."""

    def __init__(self, told: Told, ready: Ready, running: Running) -> None:
        self.told, self._ready, self._running = told, ready, running

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names in the order of the outputs; empty where nobody said them."""
        return self.told.adapted.classes

    @property
    def reads(self) -> str:
        """``images`` or ``texts``."""
        return self.told.reads

    def predict(self, given: Path | str | bytes, second: str | None = None, *, top: int = TOP) -> Answer:
        """The likeliest classes of one sample: an image's file or its bytes; a text, or a pair with ``second``.

        Raises `DataError` for one that cannot be read.
        """
        (found,) = self.answers([self._sample(given, second)], top=top)
        if isinstance(found, Failed):
            raise DataError(str(found))
        return found

    def answers(
        self, samples: Sequence[Sample], *, top: int = TOP, batch: int = BATCH, bar: Bar | None = None
    ) -> Iterator[Answer | Failed]:
        """For each sample, in their order, the likeliest classes or why there are none; ``batch`` of them at once."""
        if top < 1 or batch < 1:
            raise OptionError("predict", [f"top={top} batch={batch}: give at least 1 of each"])
        for start in range(0, len(samples), batch):
            some = samples[start : start + batch]
            yield from self._batch(some, top)
            if bar is not None:
                bar.advance(len(some), samples=len(some), loss=None)

    def _batch(self, samples: Sequence[Sample], top: int) -> Iterator[Answer | Failed]:
        inputs, good, failed = self._ready.inputs(samples)
        told: dict[int, Answer | Failed] = {}
        if good:
            logits = self._running.run(inputs)
            classes = self.told.classes(logits.shape[-1])
            answers = (answer_of(sample.name, row, classes, top) for sample, row in zip(good, logits, strict=True))
            told = {id(sample): answer for sample, answer in zip(good, answers, strict=True)}
        left = iter(failed)
        yield from (told[id(sample)] if id(sample) in told else next(left) for sample in samples)

    def _sample(self, given: Path | str | bytes, second: str | None) -> Sample:
        if self.reads == "texts":
            if not isinstance(given, str) or not given.strip():
                raise DataError(f"{self.told.where} reads texts; give one as a str, not {type(given).__name__}")
            return Sample(given, Written(given, second))
        if second is not None:
            raise DataError(f"{self.told.where} reads images, which come one by one; leave the second out")
        return Sample("the image", given) if isinstance(given, bytes) else Sample(str(given), Path(given))

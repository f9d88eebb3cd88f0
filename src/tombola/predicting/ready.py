"""Samples made ready as the model was adapted with: arrays for it, and why some samples cannot be."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import gcd
from typing import final

import numpy as np
import torch

from tombola.choices import Failed
from tombola.data._decode import in_threads
from tombola.data._pictures import BROKEN, Bytes, pixels_of, reason
from tombola.data._texts import Texts
from tombola.data._tokens import Tokenizer, Written
from tombola.predicting.samples import Sample
from tombola.predicting.told import Told
from tombola.shown import IDS, IMAGES, Arrays, ShownImages, ShownTexts

_MULTIPLE = 8


class Ready(ABC):
    """Makes samples ready."""

    @abstractmethod
    def inputs(self, samples: Sequence[Sample]) -> tuple[Arrays, list[Sample], list[Failed]]:
        """The inputs of those that can be used, these in their order, and the others."""


@final
class ReadyImages(Ready):
    """Upright, RGB, the short side resized, the middle cut out: as a folder of images is."""

    def __init__(self, told: Told) -> None:
        assert isinstance(told.shown, ShownImages)
        self._size, self._crop = told.shown.size[-1], told.adapted.preprocessing.crop

    def inputs(self, samples: Sequence[Sample]) -> tuple[Arrays, list[Sample], list[Failed]]:
        found: list[Bytes | Failed] = [Failed(sample.name, "not read") for sample in samples]

        def one(place: int) -> None:
            found[place] = self._pixels(samples[place])

        in_threads(one, len(samples), 0)
        pixels = [image for image in found if not isinstance(image, Failed)]
        good = [sample for sample, image in zip(samples, found, strict=True) if not isinstance(image, Failed)]
        stacked = np.stack(pixels) if pixels else np.zeros((0, 3, self._size, self._size), np.uint8)
        failed = [image for image in found if isinstance(image, Failed)]
        return {IMAGES: stacked.astype(np.float32) / np.float32(255)}, good, failed

    def _pixels(self, sample: Sample) -> Bytes | Failed:
        assert not isinstance(sample.content, Written)
        try:
            return pixels_of(sample.content, self._size, self._crop)
        except BROKEN as error:
            return Failed(sample.name, reason(error))


@final
class ReadyTexts(Ready):
    """Cut into the words of the tokeniser, longer ones cut off."""

    def __init__(self, told: Told, tokenizer: Tokenizer) -> None:
        assert isinstance(told.shown, ShownTexts)
        self._shown, self._tokenizer = told.shown, tokenizer

    def inputs(self, samples: Sequence[Sample]) -> tuple[Arrays, list[Sample], list[Failed]]:
        written = [sample.content for sample in samples if isinstance(sample.content, Written)]
        first = [pieces[0] for pieces in self._tokenizer.pieces(written, self._shown.length)]
        texts = Texts(
            tuple(piece.ids for piece in first),
            torch.zeros(len(first), dtype=torch.int64),
            pad=self._tokenizer.pad,
            multiple=gcd(_MULTIPLE, self._shown.length),
            segments=tuple(piece.segments for piece in first),
        )
        batch = texts.take(torch.arange(len(first)))
        every = {IDS: batch.x, **batch.more}
        return {name: every[name].numpy() for name in self._shown.names}, list(samples), []

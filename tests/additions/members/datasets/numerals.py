"""Numerals: numbers written out in English, each told even or odd; texts that need no download.

What: "three thousand four hundred twelve", for numbers below ``below``. The class is the number's last digit's, so that
  a reader must know which word came last. No number is in two splits.
When: a task of texts to try an encoder, a ticket or an attack on in seconds.
Cost: milliseconds.
Options: ``below``; how many texts a split has; ``seed``, which numbers are drawn; and those of every set of texts.
Reference: Tombola's own.
"""

from typing import ClassVar, Final, final

import torch
from torch import Tensor

from tombola.data._text_set import Row, Rows, RowSet
from tombola.data._tokens import Written
from tombola.errors import DataError
from tombola.registry import Examples
from tombola.spec import Json, option

_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def spoken(number: int) -> str:
    """A number below a million in words.

    >>> spoken(3412)
    'three thousand four hundred twelve'
    """
    for size, word in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {spoken(number % size)}" if number % size else ""
            return f"{spoken(number // size)} {word}{rest}"
    if number < len(_ONES):
        return _ONES[number]
    return f"{_TENS[number // 10 - 2]} {_ONES[number % 10]}" if number % 10 else _TENS[number // 10 - 2]


@final
class Numerals(RowSet):
    """Numbers in words, even or odd."""

    MADE_HERE: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"num_train": 60, "num_val": 12, "num_test": 20},)

    tokenizer: str = option("plain", "what cuts texts into words: the model's folder, or plain, plain:2000")
    below: int = option(10_000, "numbers from 0 to one less than this", ge=8, le=1_000_000)
    num_train: int = option(2_000, "texts to train on", ge=1)
    num_val: int = option(500, "texts to validate on", ge=1)
    num_test: int = option(1_000, "texts to test on", ge=1)
    seed: int = option(0, "which numbers are drawn", ge=0)

    def content(self) -> Json:
        return None  # the options say it all

    def rows(self) -> Rows:
        sizes = [self.num_train, self.num_val, self.num_test]
        if sum(sizes) > self.below:
            raise DataError(
                f"numerals: {sum(sizes)} texts are asked for, and {self.below} numbers are there; raise below"
            )
        drawn = torch.randperm(self.below, generator=torch.Generator().manual_seed(self.seed))[: sum(sizes)]
        train, val, test = (_rows(numbers) for numbers in torch.split(drawn, sizes))
        return Rows(("even", "odd"), train, val, test)


def _rows(numbers: Tensor) -> list[Row]:
    return [Row(Written(spoken(number)), number % 2) for number in numbers.tolist()]

"""Mistakes by eye: five images, of which two are told wrong."""

import torch

from tombola.data._base import InMemory
from tombola.fitting.session import Session
from tombola.properties.mistakes import Mistakes, Told

from .toy_task import ToyTask, brightness_net

PIXELS = torch.zeros(5, 3, 1, 1, dtype=torch.uint8)
IMAGES = InMemory(PIXELS, torch.tensor([0, 0, 1, 1, 1]), ("ant", "bee", "cat"), tuple(f"{n}.jpg" for n in "vwxyz"))
TOLD = Told(IMAGES, torch.tensor([0, 1, 1, 2, 1]), torch.tensor([0.9, 0.6, 0.9, 0.7, 0.9]))


def test_the_accuracy_of_each_class_that_has_images() -> None:
    found = [(row.detail["class"], row.value, row.samples) for row in TOLD.by_class()]
    assert found == [("ant", 50.0, 2), ("bee", 200 / 3, 3)]


def test_what_was_told_as_what() -> None:
    assert [(row.detail, row.value) for row in TOLD.confusions()] == [
        ({"class": "ant", "told": "bee"}, 1),
        ({"class": "bee", "told": "cat"}, 1),
    ]


def test_the_images_by_name() -> None:
    assert [row.detail for row in TOLD.wrong()] == [
        {"image": "w.jpg", "class": "ant", "told": "bee"},
        {"image": "y.jpg", "class": "bee", "told": "cat"},
    ]
    assert [round(row.value) for row in TOLD.wrong()] == [60, 70]


def test_of_a_network_image_0_is_wrong() -> None:
    found = Mistakes().measure(brightness_net(), ToyTask(), seed=0, session=Session())
    assert [row.detail for row in found if row.metric == "wrong"] == [{"image": "0", "class": "bright", "told": "dark"}]

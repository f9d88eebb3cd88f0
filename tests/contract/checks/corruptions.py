"""What every corruption keeps: bytes in and out, decided by seed and place alone, and a damage that can be seen."""

import torch
from tests.data.corruptions.natural import pictures
from torch import Tensor

from tombola.data.corruptions._base import SEVERITIES, Corruption

from .faults import Fault, gives
from .room import Check


def damaged(corruption: Corruption, x: Tensor, severity: int = 3) -> Tensor:
    """Pictures of a set's first places."""
    return corruption.corrupt(x, severity, seed=5)


def it_gives_bytes_and_leaves_the_pictures_alone(corruption: Corruption) -> None:
    x = pictures(3, 32)
    before, drawn = x.clone(), torch.get_rng_state()
    found = damaged(corruption, x)
    assert (found.shape, found.dtype) == (x.shape, torch.uint8)
    assert torch.equal(x, before), "the pictures given were changed"
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"


def seed_and_place_decide_everything(corruption: Corruption) -> None:
    x = pictures(3, 32)
    whole = damaged(corruption, x)
    assert torch.equal(damaged(corruption, x), whole)
    assert torch.equal(corruption.corrupt(x[1:2], 3, seed=5, places=[1]), whole[1:2])


def every_severity_is_a_damage_and_the_last_another_than_the_first(corruption: Corruption) -> None:
    """Two in the middle may be alike: so they are published."""
    x = pictures(3, 32)
    found = [damaged(corruption, x, severity) for severity in SEVERITIES]
    assert not any(torch.equal(one, x) for one in found)
    assert not torch.equal(found[0], found[-1])


def it_leaves_something_to_see(corruption: Corruption) -> None:
    x = pictures(3, 32)
    for image in damaged(corruption, x, 5):
        assert image.unique().numel() > 8


def its_constants_are_five_a_size(corruption: Corruption) -> None:
    assert {len(levels) for levels in corruption.LEVELS.values()} == {5}


CHECKS: tuple[Check, ...] = (
    it_gives_bytes_and_leaves_the_pictures_alone,
    seed_and_place_decide_everything,
    every_severity_is_a_damage_and_the_last_another_than_the_first,
    it_leaves_something_to_see,
    its_constants_are_five_a_size,
)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "does nothing",
        "fog",
        "change",
        lambda method: lambda self, x, *rest: x,
        every_severity_is_a_damage_and_the_last_another_than_the_first,
    ),
    Fault("leaves black", "fog", "change", gives(torch.zeros_like), it_leaves_something_to_see),
    Fault(
        "has no seed", "fog", "change", gives(lambda x: x + 0.1 * torch.rand_like(x)), seed_and_place_decide_everything
    ),
    Fault(
        "gives one channel", "fog", "change", gives(lambda x: x[:, :1]), it_gives_bytes_and_leaves_the_pictures_alone
    ),
)

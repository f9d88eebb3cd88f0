"""What every head keeps: as many numbers as asked for, from the generator alone, and it knows its own layers."""

from typing import Any

import torch
from torch import nn

from tombola.models.heads._base import OVER_MAPS, Features, Head
from tombola.models.heads._detector import Detector

from .faults import Fault, Method, gives, luck
from .room import Check, finite, rng, same

CHANNELS = 6
WORDS = 9


def asked(head: Head) -> int:
    """How many outputs it is tried with: what it can give."""
    return head.ONLY or (WORDS if head.READS == "tokens" else 7)


def made(head: Head, seed: int = 0) -> nn.Module:
    """A layer of the head's."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        table = nn.Embedding(WORDS, CHANNELS)
    return head.make(
        Features(CHANNELS, stride=4, table=table, levels=(3, 5, CHANNELS)), asked(head), generator=rng(seed)
    )


def entering(head: Head) -> Any:
    """What it reads."""
    if head.READS == "levels":
        return [
            torch.randn(2, channels, side, side, generator=rng(1))
            for channels, side in ((3, 16), (5, 8), (CHANNELS, 4))
        ]
    shape = {"a vector": (2, CHANNELS), "tokens": (2, 5, CHANNELS), "maps": (2, CHANNELS, 4, 4)}[head.READS]
    return torch.randn(shape, generator=rng(1))


def it_gives_as_many_numbers_as_asked(head: Head) -> None:
    layer = made(head).eval()
    assert head.outputs(layer) == asked(head)
    with torch.no_grad():
        found = layer(entering(head))
        finite(found)
        if not isinstance(head, Detector):  # what else is told of a box, anchors for one, is a detector's own
            assert found.shape[1 if head.READS in OVER_MAPS else -1] == asked(head)
        if head.READS in OVER_MAPS:
            finite(head.finished(found, torch.Size((16, 16))))
            assert len(head.finished(found, torch.Size((16, 16)))) == 2


def the_generator_decides_and_luck_stays(head: Head) -> None:
    drawn = torch.get_rng_state()
    one, twin, other = made(head), made(head), made(head, seed=1)
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"
    assert same(one, twin)
    assert not same(one, other) or not one.state_dict(), "a head that is the table itself has nothing to draw"


def it_knows_its_own_layers(head: Head) -> None:
    assert head.fits(made(head))
    assert not head.fits(nn.LayerNorm(CHANNELS))
    assert not head.fits(nn.Sequential())


def another_head_can_take_its_place(head: Head) -> None:
    if head.READS not in OVER_MAPS:
        assert head.entered(made(head)).channels == CHANNELS


def boxes_are_learned_and_told(head: Head) -> None:
    """One image shows a box and the other none."""
    if not isinstance(head, Detector):
        return
    layer = made(head)
    outputs = head.finished(layer(entering(head)), torch.Size((16, 16)))
    head.require(outputs)
    targets = torch.tensor([[[1.0, 2.0, 3.0, 12.0, 13.0]], [[-1.0, 0.0, 0.0, 0.0, 0.0]]])
    for losses in head.losses(outputs, targets):
        assert losses.shape == (2,)
        finite(losses)
        assert bool((losses >= 0).all())
    total = torch.stack(head.losses(outputs, targets)).sum()
    steep = torch.autograd.grad(total, list(layer.parameters()), materialize_grads=True)
    assert any(bool(one.any()) for one in steep)
    for told in head.told(outputs.detach()):
        assert told.boxes.shape == (len(told.sure), 4)
        assert bool((told.sure.diff() <= 0).all()), "the surest first"
        assert bool(((told.boxes >= 0) & (told.boxes <= 16)).all()), "boxes end where the image does"


def it_is_written_as_it_is_read(head: Head) -> None:
    assert Head.parse(head.text) == head


CHECKS: tuple[Check, ...] = (
    it_gives_as_many_numbers_as_asked,
    the_generator_decides_and_luck_stays,
    it_knows_its_own_layers,
    another_head_can_take_its_place,
    boxes_are_learned_and_told,
    it_is_written_as_it_is_read,
)


def _one_more(method: Method) -> Method:
    return lambda self, features, outputs, **options: method(self, features, outputs + 1, **options)


@torch.no_grad()
def _lucky(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        parameter.copy_(luck(parameter))
    return layer


def _no_number(losses: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    return losses[0], losses[1] * float("nan")


FAULTS: tuple[Fault, ...] = (
    Fault("gives one number more", "linear", "make", _one_more, it_gives_as_many_numbers_as_asked),
    Fault("draws from torch's own", "projection", "make", gives(_lucky), the_generator_decides_and_luck_stays),
    Fault("takes any layer", "boxes", "fits", gives(lambda found: True), it_knows_its_own_layers),
    Fault("loses what is no number", "boxes", "losses", gives(_no_number), boxes_are_learned_and_told),
)

"""What every out-of-distribution score keeps: a finite number an image, higher for what it knows."""

import torch
from torch import Tensor

from tombola.properties.ood_scores._base import Known, OODScore

from .faults import NAN, Fault, gives
from .room import Check, finite, rng


def known() -> Known:
    """Responses sure of one class each, which the label names."""
    labels = torch.arange(60) % 3
    noise = torch.randn(60, 3, generator=rng(), dtype=torch.float64)
    return Known(9 * torch.nn.functional.one_hot(labels, 3).double() + 0.3 * noise, labels)


def strange() -> Tensor:
    """Responses sure of nothing."""
    return 0.1 * torch.randn(20, 3, generator=rng(1), dtype=torch.float64) - 1


def scored(score: OODScore, values: Tensor) -> Tensor:
    """With the training images' responses at hand."""
    return score.scores(values, known)


def it_gives_a_finite_number_an_image(score: OODScore) -> None:
    found = scored(score, strange())
    assert found.shape == (20,)
    finite(found)
    assert score.told()["score"] == score.name


def what_it_knows_scores_higher(score: OODScore) -> None:
    assert float(scored(score, known().values).mean()) > float(scored(score, strange()).mean())


def an_images_score_is_its_own(score: OODScore) -> None:
    values = strange()
    before = values.clone()
    whole = scored(score, values)
    assert torch.equal(values, before), "the responses given were changed"
    assert torch.equal(scored(score, values), whole)
    torch.testing.assert_close(scored(score, values.flip(0)[:5]), whole.flip(0)[:5])


CHECKS: tuple[Check, ...] = (
    it_gives_a_finite_number_an_image,
    what_it_knows_scores_higher,
    an_images_score_is_its_own,
)


FAULTS: tuple[Fault, ...] = (
    Fault("gives NaN", "energy", "scores", gives(lambda s: s * NAN), it_gives_a_finite_number_an_image),
    Fault("gives one number", "energy", "scores", gives(lambda s: s.mean()), it_gives_a_finite_number_an_image),
    Fault("is upside down", "energy", "scores", gives(lambda s: -s), what_it_knows_scores_higher),
    Fault(
        "looks at the others", "energy", "scores", gives(lambda s: s - s.mean() * len(s)), an_images_score_is_its_own
    ),
)

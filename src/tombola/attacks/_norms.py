"""The geometry of an attack: where a ball ends, a random point in it, the steepest step, the way back inside.

Balls are exact in the images' own precision: a rounded sum never lands outside, because every rounding goes towards
``x``. A radius is a float or one value a sample, (N,).
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from tombola.errors import RequestError

Norm: TypeAlias = Literal["linf", "l2"]
Bounds: TypeAlias = tuple[float, float]

_MARGIN = 1e-6  # an L2 norm is a sum of squares with roundings of its own: stay this much inside
_SLACK = 1e-4  # of the bounds' range: what resizing may add to an image


def radius(value: float | Tensor, x: Tensor) -> Tensor:
    """``value`` as a tensor that broadcasts over ``x``, in x's dtype and never larger than given."""
    exact = torch.as_tensor(value, dtype=None if isinstance(value, Tensor) else torch.float64)
    rounded = exact.to(x.dtype)
    inside = torch.where(rounded > exact, torch.nextafter(rounded, torch.zeros_like(rounded)), rounded)
    return inside.to(x.device).view(-1, *[1] * (x.dim() - 1)) if exact.dim() else inside.to(x.device)


def displace(x: Tensor, delta: Tensor) -> Tensor:
    """``x + delta``, rounded towards ``x``: no coordinate moves further than ``delta`` says, exactly."""
    total = x + delta
    moved = total - x
    error = (x - (total - moved)) + (delta - moved)  # x + delta == total + error, without rounding (Knuth's two-sum)
    overshot = error.sign() * delta.sign() < 0
    return torch.where(overshot, torch.nextafter(total, x), total)


def box(x: Tensor, eps: Tensor, bounds: Bounds) -> tuple[Tensor, Tensor]:
    """The lowest and highest values of each pixel within ``eps`` of ``x`` and within ``bounds``."""
    low, high = bounds
    return displace(x, -eps).clamp_(low, high), displace(x, eps).clamp_(low, high)


def random_delta(x: Tensor, eps: Tensor, norm: Norm, generator: torch.Generator) -> Tensor:
    """A uniform draw from the ball, in x's memory format.

    Drawn sample after sample, so splitting a batch in two and drawing twice gives the same numbers.
    """
    if norm == "linf":
        return _uniform(x, x.shape, generator).mul_(2).sub_(1).mul_(eps)
    flat = _uniform(x, torch.Size([len(x), x[0].numel() + 1]), generator)
    gauss: Tensor = torch.special.ndtri(flat[:, :-1].clamp(min=2**-25)).view_as(x)
    length = flat[:, -1].pow(1 / x[0].numel()).view(-1, *[1] * (x.dim() - 1))
    return torch.empty_like(x).copy_(direction(gauss, "l2") * length * (1 - _MARGIN) * eps)


def direction(gradient: Tensor, norm: Norm) -> Tensor:
    """The steepest ascent of length 1: the gradient's sign (linf), or the gradient over its length (l2; 0 stays 0)."""
    if norm == "linf":
        return gradient.sign()
    return gradient / _length(gradient).clamp_min(torch.finfo(gradient.dtype).tiny)


def project_l2(x: Tensor, adversarial: Tensor, eps: Tensor) -> Tensor:
    """``adversarial`` drawn back towards ``x`` until no sample is further than ``eps`` from it."""
    delta = adversarial - x
    length = _length(delta)
    reach = eps * (1 - _MARGIN)
    factor = torch.where(length > reach, reach / length, torch.ones_like(length))
    return displace(x, delta * factor)


def _length(delta: Tensor) -> Tensor:
    """Each sample's L2 norm, (N, 1, 1, 1), summed in float64 where the device has it."""
    wide = delta.dtype if delta.device.type == "mps" else torch.float64
    norms: Tensor = torch.linalg.vector_norm(delta, dim=tuple(range(1, delta.dim())), keepdim=True, dtype=wide)
    return norms.to(delta.dtype)


def _uniform(x: Tensor, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Uniform numbers in [0, 1), drawn where the generator lives and then moved, laid out like ``x``."""
    drawn = torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float32).to(x.device, x.dtype)
    return torch.empty_like(x).copy_(drawn) if shape == x.shape else drawn


def require_inside(x: Tensor, bounds: Bounds) -> None:
    """Raises `RequestError` for images outside the bounds, where no ball around them has a meaning."""
    slack = _SLACK * (bounds[1] - bounds[0])
    if x.numel() and not bool(((x >= bounds[0] - slack) & (x <= bounds[1] + slack)).all()):
        raise RequestError(
            f"images lie in [{x.min():.3g}, {x.max():.3g}], outside [{bounds[0]:g}, {bounds[1]:g}]: attack images in"
            " pixel units, and let the model's first layer normalise them"
        )

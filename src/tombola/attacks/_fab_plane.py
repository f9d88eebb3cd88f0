"""The shortest way from an image to a plane without leaving the bounds: the one geometric step of FAB.

Along the plane's normal every pixel moves until it meets its bound (l2: as fast as its slope is steep, linf: all as
fast), so how far a whole image has risen is a concave, piecewise linear function of one number. Newton's steps find
that number; a tangent lies above such a function, so after the first step they come from below and never overshoot.
"""

import torch
from torch import Tensor

from tombola.attacks._norms import Bounds, Norm

NEAR = 1e-5  # relative: FAB steps 5 % past the plane, so a hundred-thousandth of the way is nothing
MOST = 30  # steps; three or four are usual


def to_plane(x: Tensor, slope: Tensor, rise: Tensor, norm: Norm, bounds: Bounds) -> Tensor:
    """The shortest steps from ``x`` after which <slope, step> is ``rise``, (N,), with x + step inside ``bounds``.

    Where the bounds keep an image from the plane, the step that comes nearest to it. Nothing given is changed.
    """
    w, sign = slope.flatten(1), rise.sign().view(-1, 1)
    steep, up = w.abs(), w.sign().mul_(sign)
    room = torch.where(up > 0, bounds[1] - x.flatten(1), x.flatten(1) - bounds[0]).clamp_min_(0)
    speed = steep if norm == "l2" else torch.ones_like(steep)
    return _until(steep, speed, room, rise.abs()).mul_(up).view_as(slope)


def _until(steep: Tensor, speed: Tensor, room: Tensor, rise: Tensor) -> Tensor:
    """How far each pixel goes, (N, D): min(room, time * speed) at the least time that makes up ``rise``."""
    time = rise / _dot(steep, speed).clamp_min(torch.finfo(steep.dtype).tiny)
    for _ in range(MOST):
        reach = torch.minimum(time.unsqueeze(1) * speed, room)
        missing = rise - _dot(steep, reach)
        open_ = missing > NEAR * rise
        if not bool(open_.any()):
            break
        rate = _dot(steep, torch.where(reach < room, speed, 0))
        # every pixel at its bound: the plane is out of reach, and the step is the furthest there is
        time = torch.where(open_ & (rate > 0), time + missing / rate, time)
        if not bool((open_ & (rate > 0)).any()):
            break
    return reach


def _dot(left: Tensor, right: Tensor) -> Tensor:
    total: Tensor = torch.linalg.vecdot(left, right)
    return total


def plane_distance(rise: Tensor, slope: Tensor, norm: Norm) -> Tensor:
    """How far the plane is where there are no bounds, (N,): the rise over the slope's length in the other norm."""
    length: Tensor = slope.flatten(1).norm(p=1 if norm == "linf" else 2, dim=1)
    return rise.abs() / length.clamp_min(torch.finfo(slope.dtype).tiny)

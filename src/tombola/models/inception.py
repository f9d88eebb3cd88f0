"""The Inception network FID is defined by: TensorFlow's of 2015-12-05, which torchvision's net nearly is.

Three things differ from torchvision's `inception_v3`: 1,008 outputs; average pooling inside the blocks leaves the
padding out of the mean; the last block takes a maximum where the one before takes a mean. Images of any size are
resized to 299 pixels, bilinearly and without antialiasing, as the reference implementations of FID do.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models.downloads import torch_file
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.models.readers import fill, read_weights
from tombola.models.seeded import seeded
from tombola.spec import file_digest

URL: Final = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
FILES: Final = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")
DIGEST: Final = "6726825d"
SIDE: Final = 299


def fid_inception(weights: Path | None = None) -> Network:
    """The network in eval mode; `Network.features` gives the 2,048 numbers of FID for images in [0, 1].

    ``weights`` is the file, by default the one torch's cache holds under either of its names. A file whose digest is
    not that of FID's weights is a `ModelError`: distances under others are no FID.
    """
    file = _found() if weights is None else weights.expanduser()
    if not file.is_file():
        raise ModelError(f"inception: there is no file {file}; {_where()}")
    if not (digest := file_digest(file)).startswith(DIGEST):
        raise ModelError(
            f"{file.name}: its sha256 starts with {digest[:8]}, that of FID's Inception weights with {DIGEST}; a"
            " distance under other weights is no FID, name the model instead: features: {name: path:..., arch: ...}"
        )
    body = fid_body()
    fill(body, read_weights(file), file)
    half = Normalise((0.5,) * 3, (0.5,) * 3)
    return Network(body, half, source="inception (FID, 2015-12-05)", head="fc").eval()


def fid_body() -> nn.Module:
    """The net with random weights, tensors named as in the weights file; for images in [-1, 1] of any size."""
    from torchvision.models import inception as theirs

    a, c, e = (_pooling(block, _mean) for block in (theirs.InceptionA, theirs.InceptionC, theirs.InceptionE))
    blocks = [theirs.BasicConv2d, a, theirs.InceptionB, c, theirs.InceptionD, e, theirs.InceptionAux]
    with seeded(0):
        body: nn.Module = theirs.Inception3(
            num_classes=1008, aux_logits=False, inception_blocks=blocks, init_weights=False
        )
        body.Mixed_7c = _pooling(theirs.InceptionE, _maximum)(2048)
    body.register_forward_pre_hook(_resize)
    return body


def _pooling(block: Any, pool: Callable[[Tensor], Tensor]) -> Any:
    """The block with ``pool`` before its last branch."""

    def branches(self: Any, x: Tensor) -> list[Tensor]:
        return [*block._forward(self, x)[:-1], self.branch_pool(pool(x))]

    return type(block.__name__, (block,), {"_forward": branches})


def _mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def _maximum(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, stride=1, padding=1)


def _resize(_body: nn.Module, given: tuple[Tensor, ...]) -> Tensor:
    (x,) = given
    if x.shape[-2:] == (SIDE, SIDE):
        return x
    return F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False)


def _found() -> Path:
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    for name in FILES:
        if (cache / name).is_file():
            return cache / name
    try:
        return torch_file(URL + FILES[0], "inception")
    except ModelError:
        raise ModelError(f"inception: its weights are not on this machine; {_where()}") from None


def _where() -> str:
    return (
        f"fetch {URL}{FILES[0]} and put it into $TORCH_HOME/hub/checkpoints (TORCH_HOME is ~/.cache/torch unless set),"
        f" or write features=inception:FILE with the path of a copy; {FILES[1]} is the same file"
    )

"""CIFAR-10: 60,000 photographs of 32x32 in 10 classes, read through torchvision.

What: the published 50,000 training and 10,000 test images; validation is drawn by ``seed`` from the training images.
At another ``size`` than 32 they are enlarged when taken; test images lose their rim where ``crop`` is below 1.
When: ``root`` holds torchvision's folder ``cifar-10-batches-py``, or ``download`` is asked for.
Cost: 180 MB in memory; a download of about 165 MB when asked for.
Options: ``root``, ``download``, ``val_fraction``, ``seed``, ``size``, ``crop``.
Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from typing import ClassVar, final

from tombola.data._base import Published
from tombola.data._cifar import Cifar


@final
class Cifar10(Cifar):
    """CIFAR-10."""

    PUBLISHED: ClassVar[Published | None] = Published(classes=10, train=50_000, test=10_000)

    @property
    def kind(self) -> tuple[str, str]:
        return "CIFAR10", "cifar-10-batches-py"

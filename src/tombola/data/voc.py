"""VOC: the segmentation set of PASCAL VOC 2012, 20 kinds of things and the background, read through torchvision.

What: the published 1,464 training images, of which ``val_fraction`` are held out by ``seed``, and the 1,449 of ``val``
as the test split (the labels of the real one are not public). The short side is resized to ``size`` and the centre
cropped, images bilinearly and masks by the nearest pixel; the rims of things (255) count for nothing.
When: ``root`` holds torchvision's folder ``VOCdevkit/VOC2012``, or ``download`` is asked for; ``segmentation:voc``.
Cost: four bytes a pixel in memory: 0.8 GB at 256, 3 GB at 513; a download of 2 GB when asked for.
Options: ``root``, ``download``, ``size``, ``val_fraction``, ``seed``.
Reference: Everingham et al., IJCV 2015; 513 and the centre crop as Chen et al., CVPR 2021 (CV_LTH_Pre-training).
"""

from pathlib import Path
from typing import Any, ClassVar, Final

from tombola.data._base import Published, Splits
from tombola.data._scenes import VOID, Scenes, SceneSet, checked, decoded, hold_out_scenes, not_empty
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import option

# fmt: off
CLASSES: Final = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)
# fmt: on


class Voc(SceneSet):
    """PASCAL VOC 2012, segmentation."""

    ARGUMENT: ClassVar[str | None] = "root"
    PUBLISHED: ClassVar[Published | None] = Published(classes=21, train=1_464, test=1_449)

    root: Path = option(ROOT, "the folder that holds VOCdevkit/VOC2012", identity=False)
    download: bool = option(default=False, help="fetch it if it is not there", identity=False)
    size: int = option(256, "height and width in pixels; the papers' is 513", ge=8, le=1024)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)

    def load(self) -> Splits:
        train, val = hold_out_scenes(self._scenes("train"), self.val_fraction, self.seed)
        return not_empty("voc", Splits(train, val, self._scenes("val")))

    def _scenes(self, split: str) -> Scenes:
        found = self._found(split)
        images, masks = ([Path(file) for file in files] for files in (found.images, found.masks))
        try:
            pixels, labels = decoded(images, masks, (self.size, self.size), void=VOID, square=True)
        except DataError as error:
            raise DataError(f"voc: {split}: {error}") from None
        return checked(f"voc: {split}", Scenes(pixels, labels, CLASSES))

    def _found(self, split: str) -> Any:
        from torchvision.datasets import VOCSegmentation

        place = self.root.expanduser()
        try:
            return VOCSegmentation(str(place), year="2012", image_set=split, download=self.download)
        except (RuntimeError, OSError) as error:
            raise DataError(
                f"voc: not found under {place} ({error}); put the extracted folder VOCdevkit there, name another place"
                " with root=..., or write download=true"
            ) from None

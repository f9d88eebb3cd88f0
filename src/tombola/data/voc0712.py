"""VOC 2007 and 2012, detection: 20 kinds of things with boxes, as papers train and test on them.

What: ``trainval`` of both years, 16,551 images, of which ``val_fraction`` are held out by ``seed``, and the 4,952 of
2007's ``test`` as the test split. Boxes marked difficult are left out, of the truth too, where VOC's own evaluation
neither counts nor punishes what is told there.
When: ``root`` holds ``VOCdevkit/VOC2007`` and ``VOCdevkit/VOC2012`` as published; ``detection:voc0712``. A year alone,
or another set in this layout, is read by ``voc_boxes``.
Cost: decoded once into memory, three bytes a pixel of ``height`` x ``width``: 4.2 GB at 256, 11 GB at 416.
Options: ``root``; ``height`` and ``width``, in which images are made to fit with their aspect kept, black beside them;
``val_fraction``, ``seed``.
Reference: Everingham et al., IJCV 2010; both years together as Girshick (Fast R-CNN), ICCV 2015.
"""

from pathlib import Path
from typing import ClassVar, Final, final

from tombola.data._base import Published, Splits
from tombola.data._box_files import Listed, boxed
from tombola.data._boxes import BoxSet
from tombola.data._scenes import hold_out_scenes, not_empty
from tombola.data._torchvision import ROOT
from tombola.data._voc import names_in, read_image
from tombola.errors import DataError
from tombola.spec import option

# fmt: off
CLASSES: Final = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)
# fmt: on


@final
class Voc0712(BoxSet):
    """PASCAL VOC's boxes, two years to train on."""

    ARGUMENT: ClassVar[str | None] = "root"
    PUBLISHED: ClassVar[Published | None] = Published(classes=20, train=16_551, test=4_952)

    root: Path = option(ROOT, "the folder that holds VOCdevkit/VOC2007 and VOCdevkit/VOC2012", identity=False)
    height: int = option(256, "rows of pixels", ge=8, le=4096)
    width: int = option(256, "columns of pixels", ge=8, le=4096)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)

    def load(self) -> Splits:
        listed = {year: self._listed(year, "trainval") for year in (2007, 2012)}
        shape = (self.height, self.width)
        known = boxed(self.name, [one for year in listed.values() for one in year], CLASSES, shape)
        test = boxed(self.name, self._listed(2007, "test"), CLASSES, shape)
        train, val = hold_out_scenes(known, self.val_fraction, self.seed)
        return not_empty(self.name, Splits(train, val, test))

    def _listed(self, year: int, split: str) -> list[Listed]:
        folder = self.root.expanduser() / "VOCdevkit" / f"VOC{year}"
        names = names_in(folder / "ImageSets" / "Main" / f"{split}.txt")
        if not names:
            raise DataError(
                f"voc0712: no list {split} of {year} in {folder}; put the extracted folders VOCdevkit/VOC2007 (trainval"
                " and test) and VOCdevkit/VOC2012 there, or name another place with root=..."
            )
        images = {file.stem: file for file in sorted((folder / "JPEGImages").iterdir())}
        return [read_image(folder, name, images) for name in names]

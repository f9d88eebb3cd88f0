"""Scene pack: a segmentation set in ``.npz`` files, such as CamVid.

What: reads packs of encoded images (``data``, ``offsets``) with an encoded mask each (``mask_data``, ``mask_offsets``:
gray or palette, one class a pixel) and ``classes``. A class called Unlabelled, Void or Background_void is no class: its
pixels count for nothing, as do those marked 255. ``PATH`` is a folder or ``folder/prefix`` of ``prefix_train*.npz``,
``prefix_val*.npz`` and ``prefix_test*.npz``; with two of them validation comes out of train.
When: a segmentation set that travels as files; write ``segmentation:scene_pack:PATH``.
Cost: decoded once into memory, four bytes a pixel.
Options: ``path``; ``height`` and ``width``, left out as they are: images are stretched to them bilinearly, masks by the
nearest pixel, so scores of different shapes are not comparable; ``val_fraction`` and ``seed`` where there is no split.
Reference: Brostow et al. 2009 (CamVid), in the 11 classes of Badrinarayanan et al. (SegNet), arXiv 1511.00561.
"""

from pathlib import Path
from typing import Final, Self

from tombola.data._examples import scene_packs
from tombola.data._in_packs import InPacks
from tombola.data._npz import read_arrays
from tombola.data._packs import class_names, parts
from tombola.data._scenes import Scenes, SceneSet, checked, decoded
from tombola.errors import DataError

_NEEDED: Final = ("data", "offsets", "mask_data", "mask_offsets", "classes")
_NO_CLASS: Final = ("unlabelled", "unlabeled", "void", "background_void")


class ScenePack(InPacks, SceneSet):
    """Scenes packed into ``.npz`` files."""

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=scene_packs(folder))]

    def read(self, file: Path, shape: tuple[int, int] | None) -> Scenes:
        return read_scenes(file, shape)


def read_scenes(path: Path, shape: tuple[int, int] | None) -> Scenes:
    """The scenes of one pack; raises `DataError` for a file that is not one."""
    arrays = read_arrays(path, "scene_pack")
    if lacking := [name for name in _NEEDED if name not in arrays]:
        raise DataError(
            f"scene_pack: {path} has no {', '.join(lacking)}; expected {', '.join(_NEEDED)}"
            " (a set of labelled images is read by pack:PATH)"
        )
    images, masks = (parts(path, arrays[f"{kind}data"], arrays[f"{kind}offsets"]) for kind in ("", "mask_"))
    if len(images) != len(masks):
        raise DataError(f"scene_pack: {path}: {len(images)} images and {len(masks)} masks")
    names = class_names(f"scene_pack: {path}", arrays["classes"])
    void = next((place for place, name in enumerate(names) if name.lower() in _NO_CLASS), len(names))
    if void < len(names) - 1:
        raise DataError(f"scene_pack: {path}: {names[void]!r} is not the last of the classes, as it should be")
    try:
        pixels, labels = decoded(images, masks, shape, void=void)
    except DataError as error:
        raise DataError(f"scene_pack: {path}: {error}") from None
    return checked(f"scene_pack: {path}", Scenes(pixels, labels, names[:void]))

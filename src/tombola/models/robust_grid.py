"""The ImageNet classifiers of Salman et al. that `robust:` names: what there is, in which file, and how good it is.

Names are ``ARCH-l2-epsE``, E in the [0, 1] of images, and ``ARCH-linf-epsE``, E of 255. ``ARCH-l2-eps=best`` stands for
the one that transferred best to a task, see `tombola.models.best_eps`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tombola.errors import ModelError, near
from tombola.models.best_eps import best_eps, check_choice

REPOSITORY: Final = "madrylab/robust-imagenet-models"

_FILES: Final = {  # torchvision's names, and how the release's files call them
    "resnet18": "resnet18",
    "resnet50": "resnet50",
    "wide_resnet50_2": "wide_resnet50_2",
    "wide_resnet50_4": "wide_resnet50_4",
    "densenet161": "densenet",
    "mnasnet1_0": "mnasnet",
    "mobilenet_v2": "mobilenet",
    "resnext50_32x4d": "resnext50_32x4d",
    "shufflenet_v2_x1_0": "shufflenet",
    "vgg16_bn": "vgg16_bn",
}
_EPS: Final = {"l2": (0, 0.01, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 3, 5), "linf": (0.5, 1, 2, 4, 8), "few": (0, 3)}
_TOP1: Final = {  # in per cent, as the release states it, in the order of the eps
    ("resnet18", "l2"): (69.79, 69.90, 69.24, 69.15, 68.77, 67.43, 65.49, 62.32, 53.12, 45.59),
    ("resnet50", "l2"): (75.80, 75.68, 75.76, 75.59, 74.78, 74.14, 73.16, 70.43, 62.83, 56.13),
    ("wide_resnet50_2", "l2"): (76.97, 77.25, 77.26, 77.17, 76.74, 76.21, 75.11, 73.41, 66.90, 60.94),
    ("wide_resnet50_4", "l2"): (77.91, 78.02, 77.87, 77.77, 77.64, 77.10, 76.52, 75.51, 69.67, 65.20),
    ("densenet161", "l2"): (77.37, 66.98),
    ("mnasnet1_0", "l2"): (60.97, 41.83),
    ("mobilenet_v2", "l2"): (65.26, 50.40),
    ("resnext50_32x4d", "l2"): (77.38, 66.25),
    ("shufflenet_v2_x1_0", "l2"): (64.25, 43.32),
    ("vgg16_bn", "l2"): (73.66, 57.19),
    ("resnet18", "linf"): (66.13, 63.46, 59.63, 52.49, 42.11),
    ("resnet50", "linf"): (73.73, 72.05, 69.10, 63.86, 54.53),
    ("wide_resnet50_2", "linf"): (75.82, 74.65, 72.35, 68.41, 60.82),
}
_NAME: Final = re.compile(r"(?P<arch>\w+?)[-_](?P<norm>l2|linf)[-_]eps(?P<eps>\d+(?:\.\d*)?)(?P<of>/255)?")
_BEST: Final = re.compile(r"(?P<arch>\w+)-l2-eps=best(?:@(?P<task>[\w-]+))?")


@dataclass(frozen=True)
class Released:
    """One of the released classifiers."""

    arch: str
    norm: str
    eps: float
    """The radius it was trained for: in the [0, 1] of images for l2, of 255 for linf."""
    top1: float
    """ImageNet accuracy in per cent, as its authors state it."""

    @property
    def name(self) -> str:
        """``resnet18-l2-eps3``."""
        return f"{self.arch}-{self.norm}-eps{self.eps:g}"

    @property
    def file(self) -> str:
        """The release's file: ``resnet18_l2_eps3.ckpt``, ``resnet18_linf_eps4.0.ckpt``."""
        eps = f"{self.eps:g}" if self.norm == "l2" else f"{self.eps:.1f}"
        return f"{_FILES[self.arch]}_{self.norm}_eps{eps}.ckpt"

    @property
    def address(self) -> str:
        """Where the file can be fetched."""
        return f"https://huggingface.co/{REPOSITORY}/resolve/main/{self.file}"


def _grid() -> dict[str, Released]:
    found = [
        Released(arch, norm, eps, top1)
        for (arch, norm), accuracies in _TOP1.items()
        for eps, top1 in zip(_EPS[norm if len(accuracies) > 2 else "few"], accuracies, strict=True)
    ]
    return {released.name: released for released in found}


GRID: Final[Mapping[str, Released]] = _grid()


def resolved(text: str) -> str:
    """The grid's name for ``text``, which may say it as the release's files do; raises `ModelError`."""
    if match := _BEST.fullmatch(text):
        arch = _arch(match["arch"])
        check_choice(arch, match["task"])
        return text.replace(match["arch"], arch, 1)
    match = _NAME.fullmatch(text.removesuffix(".ckpt"))
    if match is None:
        raise ModelError(
            f"robust has no model {text!r}{near(text, list(GRID))} (names are ARCH-l2-epsE and ARCH-linf-epsE,"
            f" ARCH one of {', '.join(_FILES)}; tombola list models shows all {len(GRID)})"
        )
    arch, norm, eps = _arch(match["arch"]), match["norm"], float(match["eps"])
    if match["of"] and norm == "l2":
        raise ModelError(f"robust:{text}: an L2 radius is in the [0, 1] of images; write {arch}-l2-eps{eps:g}")
    name = f"{arch}-{norm}-eps{eps:g}"
    if name not in GRID:
        known = [released for released in GRID.values() if released.arch == arch]
        there = "; ".join(
            f"{each} {', '.join(f'{one.eps:g}' for one in known if one.norm == each)}"
            for each in dict.fromkeys(one.norm for one in known)
        )
        raise ModelError(f"robust has no {name} (eps of {arch}: {there}, linf of 255)")
    return name


def chosen(name: str, data: str, transfer: str) -> str:
    """``name`` with ``eps=best`` replaced by the best eps for a data set and a way to transfer; others as they are."""
    if (match := _BEST.fullmatch(name)) is None:
        return name
    return f"{match['arch']}-l2-eps{best_eps(match['arch'], match['task'] or data, transfer).eps:g}"


def is_choice(name: str) -> bool:
    """Whether a resolved name leaves the eps to a task."""
    return _BEST.fullmatch(name) is not None


def arch_of(name: str) -> str:
    """torchvision's name of the net that a resolved name is of."""
    return name.partition("-")[0]


def _arch(text: str) -> str:
    """torchvision's name, of that or of the release's."""
    found = next((arch for arch, file in _FILES.items() if text in (arch, file)), None)
    if found is None:
        known = [*_FILES, *(file for arch, file in _FILES.items() if file != arch)]
        raise ModelError(f"robust has no architecture {text!r}{near(text, known)} (it has {', '.join(_FILES)})")
    return found

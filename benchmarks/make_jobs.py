"""What `benchmarks/make.py` asks for: examples, a net, a margin, as a user would type them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import make_sets


@dataclass(frozen=True)
class Job:
    """Examples (a place, or a task by name), the net, options as of ``--set``, the margin in points."""

    what: str
    examples: str
    model: str
    options: Sequence[str]
    margin: float
    pictures: bool = True

    @property
    def words(self) -> list[str]:
        """Of the command ``tombola make``, but for its folders and minutes."""
        return [self.examples, "--model", self.model, *self.set_(*self.options), "--max-drop", str(self.margin)]

    @property
    def of_files(self) -> bool:
        """Whether the examples are a user's own."""
        return Path(self.examples).exists()

    def of(self, name: str) -> list[str]:
        """The options of the model, or of the task."""
        return [option for option in self.options if option.startswith(f"{name}.")]

    @staticmethod
    def set_(*options: str) -> list[str]:
        """Options as words of a command."""
        return [word for option in options for word in ("--set", option)]


def whole(place: str) -> str:
    """A place that is here from the root, since commands are typed in several folders; another name as it is."""
    return str(Path(place).absolute()) if Path(place).exists() else place


def job_of(what: str, out: Path, options: argparse.Namespace) -> Job:
    """Its examples are written first."""
    if what == "digits":
        return Job(what, "digits", "resnet20", [], 3.0)
    if what == "photographs":
        arch, place = "timm:tf_efficientnet_lite0", make_sets.photographs(out / "photographs-set")
        return Job(what, str(place), f"path:{whole(options.lite0)}", [f"model.arch={arch}", "task.size=96"], 2.0)
    if what == "textures":
        arch, place = "torchvision:resnet18", make_sets.textures(out / "textures-set")
        return Job(what, str(place), f"path:{whole(options.resnet18)}", [f"model.arch={arch}", "task.size=112"], 2.0)
    file = make_sets.reviews(out / "reviews-set")
    return Job(what, str(file), f"hf:{whole(options.minilm)}", ["model.pool=mean"], 1.0, pictures=False)

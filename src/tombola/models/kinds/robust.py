"""The robust ImageNet classifiers of Salman et al.: ``robust:ARCH-l2-epsE``, ``robust:ARCH-linf-epsE`` (E of 255).

What: The released files, converted once to safetensors. ``eps=best`` in a study is the radius that transferred best to
    a task.
When: Robust priors without training one.
Cost: A download of the release's file, or a folder that holds it.
Options: ``folder``, where the release's files are; a copy elsewhere is the same model.
Reference: Salman et al., NeurIPS 2020, arXiv 2007.08489.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from tombola.errors import ModelError
from tombola.models import robust_grid
from tombola.models.kinds._base import Asked, Kind
from tombola.registry import Examples
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.models.network import Network


@final
class Robust(Kind):
    """One of the released classifiers."""

    FORM: ClassVar[str] = "robust:NAME-l2-epsE"
    EXAMPLES: ClassVar[Examples] = ({"net": "resnet18-l2-eps3"},)

    folder: Path | None = option(
        None, "the folder with the release's files; a copy elsewhere is the same model", identity=False
    )

    @classmethod
    def resolved(cls, net: str) -> str:
        return robust_grid.resolved(net)

    @classmethod
    def bare(cls, net: str) -> str:
        return f"torchvision:{robust_grid.arch_of(net)}"

    @classmethod
    def known(cls) -> dict[str, str]:
        released = {
            f"robust:{name}": f"ImageNet, {one.norm} eps {one.eps:g}{'/255' if one.norm == 'linf' else ''},"
            f" top-1 {one.top1:.2f} %"
            for name, one in robust_grid.GRID.items()
        }
        best = "resnet18 or resnet50 of the eps that transferred best to the task"
        return {"robust:NAME-l2-eps=best[@TASK]": best, **released}

    @classmethod
    def nets(cls) -> list[str]:
        return list(robust_grid.GRID)

    @classmethod
    def chosen(cls, net: str, data: str, transfer: str) -> str:
        return robust_grid.chosen(net, data, transfer)

    def build(self, asked: Asked) -> "Network":
        from tombola.models.from_robust import classifier
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        name = self.written(self.net)
        if robust_grid.is_choice(self.net):
            there = f"robust:{robust_grid.arch_of(self.net)}-l2-eps3"
            raise ModelError(f"{name} leaves the eps to a task, which a study names; write an eps, as in {there}")
        with seeded(asked.seed):
            body, normalise, head = classifier(self.net, self.folder)
        return Network(body, normalise, source=Origin(source={"name": name}), head=head)

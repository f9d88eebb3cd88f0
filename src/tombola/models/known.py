"""Which models have a name: for lists to read. Nothing is imported that builds them."""

from tombola.models.own_nets import OWN
from tombola.models.robust_grid import GRID


def known_models() -> dict[str, str]:
    """Each name, or the form of names, with what it is in a few words."""
    robust = {
        f"robust:{name}": f"ImageNet, {released.norm} eps {released.eps:g}{'/255' if released.norm == 'linf' else ''},"
        f" top-1 {released.top1:.2f} %"
        for name, released in GRID.items()
    }
    return {
        **dict.fromkeys(OWN, "a net for small images, random weights"),
        "torchvision:NAME[@WEIGHTS]": "torchvision's classifiers; without @WEIGHTS random",
        "timm:NAME[.TAG]": "timm's models; without .TAG random",
        "path:FILE": "a weights file; with arch, the net it belongs to",
        "robust:NAME-l2-eps=best[@TASK]": "resnet18 or resnet50 of the eps that transferred best to the task",
        **robust,
    }

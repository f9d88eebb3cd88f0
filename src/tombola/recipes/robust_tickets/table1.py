"""Table 1: are robust tickets more robust, and do they know what they do not know?

What: accuracy, adversarial accuracy and out-of-distribution detection of one-shot tickets.
When: the claim that robust tickets transfer their robustness: higher adversarial accuracy, and a higher AUROC of
    telling other images from the task's.
Faithful: released classifiers, the whole model finetuned without an adversary, PGD-20 at 8/255 with steps of 2/255;
    maximum softmax probability against SVHN, CIFAR-100 and textures (the paper does not name its sets).
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10, linear evaluation, PGD-20 at 2/255 on 500 images; the energy score
    against CIFAR-100; calibration and damaged images beside them. Beside the priors a net that was never trained, and
    random tickets.
Cost: at scale=small some 40 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, table I.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-table1"
TITLE = "Accuracy, adversarial accuracy and out-of-distribution detection"


def table1(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, sparsities, seeds."""
    if scale == "paper":
        outside = [{"name": "ood_auroc", "out": _paper.target(name)} for name in ("svhn", "cifar100", "dtd")]
        axes = {"prior": _paper.priors(net), "draw.sparsity": [0.0, 0.5, 0.7, 0.9], "repeat": repeats()}
        return study(
            NAME,
            scale,
            TITLE,
            _paper.base(net),
            target=_paper.cifar("cifar10"),
            transfer=_paper.finetune(),
            measure=["accuracy", _paper.attacked(), *outside],
            axes=axes,
        )
    outside = [{"name": "ood_auroc", "out": _small.pack("cifar100/cifar100"), "score": "energy"}]
    damaged = {"name": "corruption_error", "samples": 100}
    axes = {
        "prior": _small.with_floor("natural", "linf 2/255", "smoothing 0.12"),
        "draw.sparsity": [0.0, 0.8, 0.95],
        "repeat": repeats("target.seed"),
    }
    return study(
        NAME,
        scale,
        TITLE,
        _small.base(),
        target=_small.cifar10(),
        transfer="linear",
        measure=["accuracy", _small.attacked(), *outside, "calibration_error", damaged],
        axes=axes,
    )

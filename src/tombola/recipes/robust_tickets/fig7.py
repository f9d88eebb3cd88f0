"""Figure 7: do robust tickets segment better?

What: one-shot tickets as the body of a segmentation net, finetuned, by mean IoU.
When: the claim that robust tickets reach a higher mean IoU, mostly at mild sparsity (ResNet-50, PASCAL VOC).
Faithful: ResNet-50 by default, released classifiers (L2, eps 3, as no best eps is known for segmentation), a DeepLab
    head at output stride 16, VOC 2012 train against val at 513 pixels; 30,000 iterations, batch 4, a tenth of the rate
    at 18,000 and 22,000, weight decay 1e-4. One rate for body and head.
Scaled: ResNet-20 at 96x128 on CamVid's street scenes (11 classes), a plain convolutional head, six epochs. Beside the
    priors a net that was never trained, and random tickets.
Cost: at scale=small some 60 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, segmentation; Chen et al., CVPR 2021 (CV_LTH).
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig7"
TITLE = "One-shot tickets, finetuned to segment"


def fig7(scale: Scale = "paper", net: Net = "resnet50") -> Study:
    """Priors, sparsities, seeds."""
    if scale == "paper":
        scenes = {"name": "segmentation:voc", "size": 513, "decoder": "deeplab", "output_stride": 16}
        fit = {"name": "finetune", "fit": {"preset": "dac-segmentation"}}
        robust = {"model": f"robust:{net}-l2-eps3"}
        axes = {
            "prior": {"natural": {"model": f"robust:{net}-l2-eps0"}, "robust": robust},
            "draw.sparsity": list(COARSE),
            "repeat": repeats(),
        }
        base = _paper.base(net)
        return study(NAME, scale, TITLE, base, target=scenes, transfer=fit, measure=["mean_iou"], axes=axes)
    pack = f"segmentation:scene_pack:{_small.place('camvid/camvid240')}"
    scenes = {"name": pack, "height": 96, "width": 128, "scale": [0.75, 1.5]}
    recipe = {"preset": "dac-segmentation", "epochs": "6ep", "batch": 8, "optimizer": {"name": "sgd", "lr": 0.05}}
    fit = {"name": "finetune", "fit": recipe}
    axes = {
        "prior": _small.with_floor("natural", "linf 2/255"),
        "draw.sparsity": [0.0, *_small.LEVELS],
        "repeat": repeats(),
    }
    base = _small.base()
    return study(NAME, scale, TITLE, base, target=scenes, transfer=fit, measure=["mean_iou"], axes=axes)

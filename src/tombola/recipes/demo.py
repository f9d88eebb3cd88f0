"""The whole way on built-in data: does a robust prior make better tickets?

What: a small network is pretrained on rendered letters, naturally and against PGD-3; one-shot tickets at five
sparsities are transferred to 200 real handwritten digits by linear evaluation and by finetuning; accuracy and
adversarial accuracy are measured. Three seeds choose the 200 labels and the order of training; the two priors are
pretrained once, so the spread says nothing of how much another pretraining would differ.
When: to see that an installation works, and what a report looks like.
Cost: some four minutes on two cores.
Reference: Fu et al., arXiv 2304.11834, figures 1 and 2, in small.
"""

from typing import Any

from tombola.study.study import Study

EPS = 8 / 255  # in pixels, the usual one


def demo() -> Study:
    """Robust against natural prior, over sparsity, transfer and seed."""
    return Study.of(
        {
            "name": "demo",
            "title": "Does a robust prior make better tickets? Pretrained once each; seeds vary labels and transfer.",
            "model": "resnet8",
            "source": {"name": "glyphs", "num_train": 27_000},
            "pretrain": {
                "epochs": "6ep",
                "batch": 128,
                "optimizer": {"name": "sgd", "lr": 0.1},
                "schedule": "one_cycle",
            },
            "pretrain_seed": 0,
            "draw": "omp",
            "target": {"name": "digits", "fraction": 0.2},
            "measure": ["accuracy", {"name": "adversarial_accuracy", "attack": _pgd(10), "samples": 300}],
            "axes": {
                "prior": {
                    "robust": {"pretrain.objective": {"name": "adversarial", "attack": _pgd(3)}},
                    "natural": {"pretrain.objective": "natural"},
                },
                "draw.sparsity": [0.0, 0.5, 0.8, 0.9, 0.95],
                "transfer": {"linear": "linear", "finetune": {"name": "finetune", "fit": _finetune()}},
                "repeat": {number: {"seed": number, "target.subset_seed": number} for number in range(3)},
            },
        }
    )


def _pgd(steps: int) -> dict[str, Any]:
    return {"name": "pgd", "eps": EPS, "steps": steps, "step": 2 * EPS / steps}


def _finetune() -> dict[str, Any]:
    return {"epochs": "30ep", "batch": 50, "optimizer": {"name": "sgd", "lr": 0.02}, "schedule": "cosine"}

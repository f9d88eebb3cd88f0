"""Training under masks, precision in keys, NaN: the findings on fitting and what is measured of it."""

from pathlib import Path

from benchmarks.repros.finding import expect, finding


@finding("S2", "gradients of pruned weights count for clip")
def clipped_steps(folder: Path) -> str:
    """A ResNet-20's step at learning rate 1 and clip 1 is 1 at every sparsity."""
    del folder
    lengths = [_step(sparsity) for sparsity in (0.0, 0.59, 0.9, 0.98)]
    expect(all(abs(length - 1) < 1e-3 for length in lengths), f"steps of {lengths}")
    return "steps of " + ", ".join(f"{length:.4f}" for length in lengths)


def _step(sparsity: float) -> float:
    """How far one step moves the weights of a ticket, drawn at random, beside a head that is the same for all."""
    import torch

    from tombola.fitting.fit import Fit
    from tombola.fitting.seeds import generator
    from tombola.fitting.session import Session
    from tombola.masks.enforce import apply_masks
    from tombola.models.source import Source
    from tombola.schemes._base import Scheme
    from tombola.spec import build
    from tombola.tasks._base import Task

    task = Task.parse({"name": "digits", "num_train": 64})
    model = task.head(Source.parse("resnet20").load(seed=0), generator=generator(0, "head"))
    ticket = next(
        iter(Scheme.parse({"name": "random", "sparsity": sparsity}).draw(model, None, seed=0, session=Session()))
    )
    plain = {"name": "sgd", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0}
    options = {"epochs": "1it", "batch": 32, "optimizer": plain, "schedule": "constant", "precision": "float32"}
    fit = build(Fit, {**options, "clip": 1.0})
    after = fit.run(model, task, masks=ticket.masks, seed=0, session=Session())
    apply_masks(model.body, ticket.masks)
    return float(
        torch.cat(
            [(b - a).detach().flatten() for a, b in zip(model.parameters(), after.parameters(), strict=True)]
        ).norm()
    )

"""What tests call in several processes, and in one to compare with."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import nn

from tombola.errors import StageError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.enforce import Enforcer
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.objectives._base import Objective
from tombola.schemes._base import Scheme
from tombola.spec import build
from tombola.tasks._base import Task

SHORT: dict[str, Any] = {
    "epochs": "2ep",
    "batch": 16,
    "shards": 2,
    "optimizer": {"name": "sgd", "lr": 0.05},
    "precision": "float32",
}
FREE = {"name": "free", "eps": 0.1, "replays": 3}
FAST = {"name": "fast", "eps": 0.1, "look_every": "2it"}

KINDS: dict[str, dict[str, Any]] = {
    "natural": {},
    "average": {"ema": 0.9, "select": "best_val", "validate_every": "2it", "clip": 0.5},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01}, "warmup": "4it"},
    "trades": {"objective": {"name": "trades", "eps": 0.05, "steps": 2, "step": 0.02}},
    "free": {"objective": FREE},
    "fast": {"objective": FAST},
    "frozen": {"bn": "frozen"},
    "bfloat16": {"precision": "bfloat16"},
    "four": {"shards": 4, "objective": {"name": "adversarial", "attack": {"name": "pgd", "eps": 0.05, "steps": 2}}},
    "eight": {"shards": 8},
    "prune": {"changes": [{"name": "prune", "sparsity": 0.6, "every": "2it"}], "ema": 0.9},
    "regrow": {"changes": [{"name": "regrow", "every": "1it", "grow": {"name": "gradient", "batch": 10}}], "clip": 0.5},
    "rigl": {"changes": [{"name": "regrow", "every": "1it"}], "clip": 0.5},
    "distill": {"objective": Objective.parse("distill").taught(network(1))},
}


def fit(**options: Any) -> Fit:
    return build(Fit, {**SHORT, **options})


def adversarial(steps: int) -> Fit:
    return fit(objective={"name": "adversarial", "attack": {"name": "pgd", "eps": 0.05, "steps": steps}}, epochs="4it")


def trained(recipe: Fit, session: Session | None = None, task: Task | None = None) -> Network:
    model = network(dropout=0.2)
    return recipe.run(model, task or Toy(), masks=masks(model), seed=3, session=session or Session())


def digests() -> dict[str, str]:
    """What each kind of training ends with, and some special ones."""
    found = {kind: weights_digest(trained(fit(**options))) for kind, options in KINDS.items()}
    head = fit().run(network(), Toy(), seed=0, session=Session(), parameters="head")
    return {**found, "head": weights_digest(head), **learned(), "scenes": scenes()}


def learned() -> dict[str, str]:
    """The masks of the schemes that train."""
    schemes = {
        "lmp": {"name": "lmp", "fit": fit(), "sparsity": 0.5},
        "imp": {"name": "imp", "level": 1, "first": "train", "fit": fit(), "ladder": "geometric:0.4"},
        "early": {"name": "imp", "level": 1, "first": "train", "fit": fit(), "rewind": "early:2it"},
    }
    found = {}
    for name, options in schemes.items():
        scheme = Scheme.parse(options)
        rung = None
        for each in scheme.chain():
            rung = each.rung(network(), Toy(), rung, seed=1, session=Session())
        assert rung is not None
        found[name] = rung.ticket.masks.digest()
    return found


def scenes() -> str:
    """A training of a segmentation."""
    task = Task.parse({"name": "segmentation:shapes", "size": 16, "num_train": 12, "num_val": 4, "num_test": 4})
    classifier = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=5)
    model = task.head(classifier, generator=torch.Generator().manual_seed(0))
    return weights_digest(fit(epochs="2it", batch=4).run(model, task, seed=0, session=Session()))


def interrupted(folder: Path, recipe: Fit, good: int) -> None:
    """A training that is cut off after so many parts; its checkpoints stay in ``folder``."""
    try:
        trained(recipe, Session(folder), Failing(good=good))
    except Interrupted:
        return
    raise AssertionError("it was to be cut off")


def exchanges(steps: int) -> Counter[str]:
    """What torch.distributed was asked for, by kind, in four steps of training with so long an attack."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        trained(adversarial(steps))
    assert profile.profiler is not None
    raw = profile.profiler.kineto_results  # its events() puts thousands into a tree, which takes seconds
    assert raw is not None
    return Counter(event.name() for event in raw.events() if event.name().startswith("c10d::"))


def refusals() -> dict[str, str]:
    """What is said when processes differ, and of a network that does not use all it has."""
    rank = dist.get_rank()
    full = Masks.full({name: network().body.state_dict()[name] for name in ("0.weight",)})
    first = Masks({"0.weight": torch.arange(162).view(6, 3, 3, 3) != rank})
    cases: dict[str, Callable[[], object]] = {
        "masks": lambda: fit().run(network(), Toy(), masks=first, seed=0, session=Session()),
        "seeds": lambda: fit().run(network(), Toy(), masks=full, seed=rank, session=Session()),
        "end": _unenforced,
        "unused": lambda: fit().run(_with_unused(), Toy(), seed=0, session=Session()),
    }
    found = {}
    for name, case in cases.items():
        try:
            case()
        except StageError as error:
            found[name] = str(error)
    return found


def _unenforced() -> None:
    """A training of which one process lets pruned weights move."""
    before = Enforcer.enforce
    if dist.get_rank() == 1:
        Enforcer.enforce = _forget  # type: ignore[method-assign]  # that is the fault
    try:
        trained(fit())
    finally:
        Enforcer.enforce = before  # type: ignore[method-assign]  # it is whole again


def _forget(self: Enforcer) -> None:
    """In place of putting the masks in: pruned weights move, as under an optimizer that is not told of masks."""
    with torch.no_grad():
        for _, parameter, kept in self._matched:
            parameter.add_((kept == 0).to(parameter.dtype))


def _with_unused() -> Network:
    model = network()
    model.body.register_parameter("unused", nn.Parameter(torch.zeros(3)))
    return model


def everything(folder: Path) -> dict[str, Any]:
    """All that two processes are compared in, by one start of them: starting takes longer than the work."""
    free = fit(objective=FREE, checkpoint_every="1it")
    interrupted(folder / "natural", fit(checkpoint_every="1it"), good=3)
    interrupted(folder / "free", free, good=4)
    continued = weights_digest(trained(free, Session(folder / "begun_alone")))
    return {
        "digests": digests(),
        "continued": continued,
        "short": exchanges(1),
        "long": exchanges(6),
        "refusals": refusals(),
        "alone": weights_digest(trained(fit(shards=1))),
    }


def fails() -> None:
    """The second process fails while the first waits for it."""
    if dist.get_rank() == 1:
        raise ValueError("no such thing")
    dist.barrier()


def dies() -> None:
    if dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    dist.barrier()


def hangs() -> None:
    if dist.get_rank() == 1:
        time.sleep(600)
    dist.barrier()


def four_of_them() -> dict[str, str]:
    """What four processes make of the kinds that have as many parts, and more."""
    return {kind: weights_digest(trained(fit(**KINDS[kind]))) for kind in ("four", "eight")}


def cannot_be_dealt() -> None:
    """Two parts for three processes."""
    trained(fit())

"""Training under masks, precision in keys, NaN: the findings on fitting and what is measured of it."""

import subprocess
import sys
from pathlib import Path

from benchmarks.repros.command import refused, tombola
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


@finding("S3", "precision=auto changes an experiment under the same key")
def keys_by_machine(folder: Path) -> str:
    """A study without a precision has float32's keys; ``auto`` has others where bfloat16 is multiplied."""
    del folder
    from tombola.fitting import devices

    asked, keys = devices.multiplies_bfloat16, {}
    try:
        for machine in (True, False):
            devices.multiplies_bfloat16 = lambda _, machine=machine: machine  # type: ignore[assignment]  # as if it did
            keys[machine] = {word: _key(word) for word in ("", "float32", "auto")}
    finally:
        devices.multiplies_bfloat16 = asked
    expect(keys[True][""] == keys[False][""] == keys[True]["float32"], "the default is not float32 everywhere")
    expect(keys[True]["auto"] != keys[False]["auto"] == keys[False]["float32"], "auto shares a key between machines")
    return "default float32, auto decided before the key"


def _key(precision: str) -> str:
    from tombola.study.stages import PretrainStage

    fit = {"epochs": "1it", "batch": 8, **({"precision": precision} if precision else {})}
    return PretrainStage.model_validate({"model": "resnet8", "task": "digits", "fit": fit}).key


@finding("S3", "about.json says AVX512 of both machines")
def machine_by_name(folder: Path) -> str:
    """A manifest's machine names the processor."""
    del folder
    from tombola.machine import processor
    from tombola.study.manifest import machine

    said = machine("cpu")
    expect(processor() and processor() in str(said["processor"]), f"no processor in {said}")
    return f"{said['processor']}: {said['instructions']}"


@finding("F4", "measure prints an accuracy of a file of NaN")
def nan_file(folder: Path) -> str:
    """``measure path:nan.safetensors --task digits`` is refused with exit code 2."""
    import torch

    from tombola.models.files import save_network
    from tombola.models.source import Source

    network = Source.parse("resnet8").load(num_classes=10)
    with torch.no_grad():
        next(network.body.parameters()).view(-1)[0] = torch.nan
    save_network(network, folder / "nan.safetensors")
    return refused(
        tombola("measure", "path:nan.safetensors", "--task", "digits", folder=folder), "hold NaN", "nan.safe"
    )


@finding("F4", "a network that answers with NaN has an accuracy")
def nan_answers(folder: Path) -> str:
    """The scores of NaN are NaN, and ``verbs.measure`` raises."""
    del folder
    import torch

    from tombola import verbs
    from tombola.errors import StageError
    from tombola.models.source import Source

    network = Source.parse("resnet8").load(num_classes=10)
    with torch.no_grad():
        next(network.body.parameters()).view(-1)[0] = torch.nan
    try:
        rows = verbs.measure(network, "digits", "accuracy")
    except StageError as error:
        return str(error)[:80]
    raise AssertionError(f"an accuracy of {rows[0].value:.2f}")


@finding("S8", "mutants that survive: test as validation, one set of samples, one order for all epochs", slow=True)
def three_mutants(folder: Path) -> str:
    """The three of the review are killed; ``benchmarks/mutants.py`` has them and others."""
    three = ["validation is the test split", "counts of the first samples certify", "the same order in every epoch"]
    command = [sys.executable, str(Path(__file__).parents[1] / "mutants.py"), "--only", *three]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, done.stdout[-300:] + done.stderr[-300:])
    return done.stdout.splitlines()[-1]

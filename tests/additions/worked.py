"""The additions at work, each taken by its name: in a study, in trainings, on texts, in files."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import Tensor, nn

from tombola import verbs
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.report.about import About
from tombola.report.page import page
from tombola.spec import build
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

ATTACK = {"name": "momentum", "eps": 0.1, "steps": 2}
DATA = {"name": "digits", "num_train": 60}
NET = {"name": "resnet8", "width": 0.25}

STUDY: dict[str, Any] = {
    "name": "additions",
    "model": NET,
    "source": {**DATA, "seed": 1},
    "pretrain": {
        "epochs": "4it",
        "batch": 20,
        "objective": "teacher",
        "changes": [{"name": "prune", "sparsity": 0.3, "every": "1it", "end": 0.3}, "evolution"],
    },
    "draw": {
        "name": "signs",
        "of": {
            "name": "omp",
            "sparsity": 0.5,
            "score": {"name": "ria", "batch": 20, "batches": 1},
            "pattern": "shapewise",
        },
    },
    "target": DATA,
    "transfer": "prototypes",
    "measure": ["accuracy", "divergence", {"name": "adversarial_accuracy", "attack": ATTACK, "samples": 50}],
    "export": ["npz"],
    "axes": {"repeat": {0: {"seed": 0}, 1: {"seed": 1}}},
}


def studied(folder: Path) -> dict[str, Any]:
    """A study of nothing but additions: scheme, score, pattern, objective, transfer, property, attack, exporter."""
    result = run(Study.of(STUDY), Store(folder))
    return {
        "failed": [str(trouble) for trouble in result.outcome.failed],
        "measured": sorted({row.property for row in result.rows}),
        "attacked_by": sorted({str(row.detail["attack"]) for row in result.rows if "attack" in row.detail}),
        "files": sorted({file.name for file in folder.rglob("*.npz")}),
        "drawn": "How far seeds lie apart" in page(result.rows, About()),
    }


def moved() -> dict[str, bool]:
    """What evolution does to a net that is trained under masks: as many weights as before, and others."""
    given = masks(network())
    fit = build(Fit, {"epochs": "8it", "batch": 10, "changes": [{"name": "evolution", "every": "2it"}]})
    trained = fit.run(network(), Toy(), masks=given, seed=0, session=Session())
    left = {name: trained.body.get_parameter(name) != 0 for name in given}
    return {
        "as many": all(int(left[name].sum()) == int(mask.sum()) for name, mask in given.items()),
        "others": not any(torch.equal(left[name], mask) for name, mask in given.items()),
    }


def resumed(options: dict[str, Any], folder: Path) -> dict[str, bool]:
    """A training killed at its fourth step goes on with the same bits, and is another one than without the options."""
    short = {"epochs": "8it", "batch": 10, "precision": "float32", "checkpoint_every": "1it"}
    fit, plain = build(Fit, {**short, **options}), build(Fit, short)

    def trained(how: Fit, task: Task, where: Path | None = None) -> str:
        return weights_digest(how.run(network(), task, masks=masks(network()), seed=0, session=Session(where)))

    whole, killed = trained(fit, Toy()), False
    try:
        trained(fit, Failing(good=4), folder)
    except Interrupted:
        killed = True
    return {"killed": killed, "same": trained(fit, Toy(), folder) == whole, "matters": trained(plain, Toy()) != whole}


class Reader(nn.Module):
    """A linear layer on the last word's vector."""

    def __init__(self, words: int) -> None:
        super().__init__()
        drawn = torch.Generator().manual_seed(0)
        self.table = nn.Embedding(words, 8, _weight=torch.randn(words, 8, generator=drawn))
        self.last = nn.Linear(8, 2)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
        place = attention_mask.sum(1) - 2  # what ends the text comes behind it
        found: Tensor = self.last(self.table(x)[torch.arange(len(x)), place])
        return found


def read() -> dict[str, float]:
    """Accuracies on the set of texts: of a reader untrained, trained, and trained on words that the attack moved."""
    task = Task.parse({"name": "text:numerals", "num_train": 400, "num_test": 200, "fraction": 0.5})
    short = {"epochs": "12ep", "batch": 20, "optimizer": {"name": "adamw", "lr": 0.05}}
    hard = {**short, "objective": {"name": "adversarial", "attack": ATTACK}}
    reader = Network(Reader(4096), Words(), source="reader", head="last")
    readers = {
        "before": reader,
        **{n: verbs.pretrain(reader, task, fit) for n, fit in (("after", short), ("hard", hard))},
    }
    return {name: verbs.measure(model, task, "accuracy")[0].value for name, model in readers.items()}


def headed(folder: Path) -> dict[str, bool]:
    """A net under the added head is trained, kept as a ticket, and is the same net when it is loaded."""
    task = Task.parse(DATA)
    given = Source.parse({**NET, "decoder": "cosine:4"}).load(num_classes=10)
    trained = build(Fit, {"epochs": "2it", "batch": 20}).run(given, task, seed=0, session=Session())
    ticket = verbs.draw(trained, {"name": "omp", "sparsity": 0.5})
    verbs.keep(trained, ticket, task).save(folder / "cosine.ticket")
    x, again = torch.rand(2, 3, 16, 16), verbs.finished(str(folder / "cosine.ticket"), task)
    with torch.no_grad():
        same = torch.equal(again.eval()(x), verbs.applied(trained, ticket).eval()(x))
    return {"head": again.head_kind.name == "cosine", "same": same}


def unpacked(folder: Path) -> bool:
    """Whether the exported arrays, put together again, are the masked net's tensors."""
    net = network()
    ticket = Ticket.of(net.body, masks(net), verbs.draw(net, "omp").lineage, keep_values=False)
    (file,) = verbs.export(net, ticket, "npz", folder / "net.npz")
    wanted = verbs.applied(net, ticket).body.state_dict()
    with np.load(file) as arrays:
        for name, tensor in wanted.items():
            found = arrays[name] if name in arrays else np.zeros(arrays[f"{name}.shape"], np.float32)
            if name not in arrays:
                found.flat[arrays[f"{name}.places"]] = arrays[f"{name}.values"]
            if not np.array_equal(found, tensor.numpy()):
                return False
        return "0.weight" not in arrays

"""A small study whose trainings are cut in two, and its stages worked by a process group."""

from pathlib import Path
from typing import Any

import torch.distributed as dist
from safetensors.torch import load_file

from tombola.fitting.session import Session
from tombola.models.digest import tensors_digest
from tombola.study.plan import Plan
from tombola.study.ranked import work_here
from tombola.study.study import Study
from tombola.tickets.ticket import Ticket

PGD = {"name": "pgd", "eps": 0.1, "steps": 1, "step": 0.1}
FIT: dict[str, Any] = {"epochs": "3it", "batch": 20, "shards": 2, "precision": "float32"}
ADVERSARIAL = {**FIT, "objective": {"name": "adversarial", "attack": PGD}}

STUDY: dict[str, Any] = {
    "name": "shards",
    "model": {"name": "resnet8", "width": 0.25},
    "source": {"name": "digits", "num_train": 60, "seed": 1},
    "pretrain": ADVERSARIAL,
    "draw": {"name": "omp", "sparsity": 0.5},
    "target": {"name": "digits", "num_train": 60},
    "transfer": {"name": "finetune", "fit": FIT},
    "measure": ["accuracy"],
    "axes": {
        "draw": [
            {"name": "omp", "sparsity": 0.5},
            {"name": "imp", "level": 2, "first": "train", "fit": ADVERSARIAL, "ladder": "geometric:0.4"},
        ]
    },
}


def plan() -> Plan:
    return Plan.of(Study.of(STUDY))


def all_stages(root: Path) -> None:
    """Every stage of the study in this process's group; what the first process leaves lies under ``root``."""
    folders: dict[str, Path] = {}
    for stage in plan().stages.values():
        out = root / stage.key
        if dist.get_rank() == 0:
            out.mkdir(parents=True)
        dist.barrier()
        work_here(stage, {source.key: folders[source.key] for source in stage.inputs}, out, Session())
        dist.barrier()
        folders[stage.key] = out


def left(folder: Path) -> dict[str, str]:
    """What a stage left, by digests of its tensors, its masks and its rows."""
    found = {file.name: tensors_digest(load_file(file)) for file in folder.glob("*.safetensors")}
    found |= {file.name: Ticket.load(file).masks.digest() for file in folder.glob("*.ticket")}
    return found | {file.name: file.read_text() for file in folder.glob("*.jsonl")}

"""Finetuning an encoder of texts: sentences a second beside the Trainer of transformers, and what a step takes.

    python benchmarks/text_speed.py [--net FOLDER] [--steps 40] [--rounds 3] [--threads 2] [--quick]

The net is MiniLM's (6 layers of 384; its shape, with random weights, unless ``--net`` names a folder), the texts are
SST-2's sentences, 32 a step, at most 64 tokens, in float32. Three ways finetune it, turn by turn in one process, and
the medians are compared: this package; the Trainer as ``run_glue.py`` calls it by default, every text filled up to the
longest allowed; and the Trainer with each batch filled up to its own longest. All see whole batches of one optimizer,
AdamW with the gradient's norm cut at 1, and each is timed from its first batch to its last step. The bars: 1.5 times
the first Trainer, 1.0 times the second.

A step of masked language modelling at 32 x 64 tokens answers at the hidden words alone: the third bar is its peak of
memory above what the net at rest takes, at most 1.5 times that of a step of classification at the same shape; each is
measured in a process of its own. Needs ``accelerate``, which the Trainer asks for, and the data that TOMBOLA_DATA
names (default ../shared/data).
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Final

import torch

from tombola.batch import Batch
from tombola.benching.machine import processor
from tombola.data._hidden_words import HiddenWords
from tombola.data._texts import Texts
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks.mlm import MaskedWords

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.turns import Way, medians

DATA: Final = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "nlp" / "nlp_small.zip"
MINILM: Final = {
    "model_type": "bert", "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
    "intermediate_size": 1536, "max_position_embeddings": 512,
}  # fmt: skip
BATCH, LENGTH, RATE = 32, 64, 1e-4


def main() -> int:
    warnings.filterwarnings("ignore", message=".*have more than length")
    if len(sys.argv) > 1 and sys.argv[1] == "--peak":
        print(peak(sys.argv[2], sys.argv[3]))
        return 0
    options = arguments()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        net = options.net or shape_of_minilm(Path(scratch))
        print(
            f"{processor()}, {options.threads} threads, float32, {BATCH} sentences of SST-2 a step, {net}", flush=True
        )
        ours, filled, padded = medians(
            ways(net, Path(scratch)), "sentences", steps=options.steps, rounds=options.rounds, warm=2
        )
        needed = {task: peak_of(task, net) for task in ("text", "mlm")}
    words, classes = needed["mlm"], needed["text"]
    print(f"a step of 32 x 64 takes {words / 2**20:.0f} MiB for hidden words, {classes / 2**20:.0f} MiB for classes")
    return closing(
        Bar("times the Trainer that fills up to 64", ours / filled, 1.5),
        Bar("times the Trainer that fills up batches", ours / padded, 1.0),
        Bar("MLM's peak over classification's", words / classes, 1.5, at_most=True),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="", help="a folder with config.json, and weights or none")
    parser.add_argument("--steps", type=int, default=40, help="a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parsed(parser, steps=16, rounds=2)


def shape_of_minilm(scratch: Path) -> str:
    """A folder that describes it and holds no weights: how fast it trains does not depend on them."""
    folder = scratch / "minilm"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(MINILM), encoding="utf-8")
    return str(folder)


def task_of(name: str, net: str) -> Task:
    """SST-2 cut by the net's own tokeniser, or word by word where it has none."""
    own = (Path(net) / "tokenizer.json").is_file()
    cutting = net if own else f"plain:{MINILM['vocab_size']}"
    return Task.parse({"name": f"{name}:sst2", "root": DATA, "tokenizer": cutting, "length": LENGTH})


def network_of(net: str, task: Task) -> Network:
    """The net under a fresh head."""
    bare = Source.parse({"name": f"hf:{net}", "pool": "mean"}).load(seed=0)
    return task.head(bare, generator=torch.Generator().manual_seed(0))


def ways(net: str, scratch: Path) -> dict[str, Way]:
    """Each trains so many steps, beginning anew, and answers the sentences a second."""
    task = task_of("text", net)
    train = task.splits().train
    assert isinstance(train, Texts)
    lengths = [len(ids) for ids in train.ids]
    print(
        f"{len(train):,} sentences, {statistics.mean(lengths):.1f} tokens in the mean, {max(lengths)} at most",
        flush=True,
    )
    return {
        "this package": lambda steps: ours(network_of(net, task), task, steps),
        "Trainer, filled up to 64": lambda steps: theirs(net, train, steps, scratch, LENGTH),
        "Trainer, each batch to its longest": lambda steps: theirs(net, train, steps, scratch, None),
    }


def ours(model: Network, task: Task, steps: int) -> float:
    """Sentences a second of this package."""
    fit = build(Fit, {"preset": "glue", "epochs": f"{steps}it", "batch": BATCH, "optimizer": {"lr": RATE}})
    begun = time.perf_counter()
    fit.run(model, task, seed=0, session=Session())
    return BATCH * steps / (time.perf_counter() - begun)


def theirs(net: str, train: Texts, steps: int, scratch: Path, length: int | None) -> float:
    """Sentences a second of transformers' Trainer, its random order and its collator."""
    from transformers import AutoConfig, AutoModelForSequenceClassification, Trainer, TrainingArguments

    auto: Any = AutoModelForSequenceClassification
    model = auto.from_config(AutoConfig.from_pretrained(net, num_labels=2))
    told = TrainingArguments(
        output_dir=str(scratch / "trainer"), max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=RATE,
        weight_decay=0.0, max_grad_norm=1.0, use_cpu=True, report_to=[], save_strategy="no", logging_strategy="no",
        disable_tqdm=True, seed=0,
    )  # fmt: skip
    rows = [
        {"input_ids": list(ids), "labels": label} for ids, label in zip(train.ids, train.labels.tolist(), strict=True)
    ]
    trainer = Trainer(
        model=model, args=told, train_dataset=rows, data_collator=lambda found: filled(found, train.pad, length)
    )
    begun = time.perf_counter()
    trainer.train()
    return BATCH * steps / (time.perf_counter() - begun)


def filled(rows: list[dict[str, Any]], pad: int, length: int | None) -> dict[str, torch.Tensor]:
    """A batch as a tokeniser's padding makes it: up to ``length``, or to its own longest row."""
    width = length or max(len(row["input_ids"]) for row in rows)
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros(len(rows), width, dtype=torch.int64)
    for place, row in enumerate(rows):
        found = torch.tensor(row["input_ids"])
        ids[place, : len(found)], mask[place, : len(found)] = found, 1
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}


def peak_of(task: str, net: str) -> float:
    """Bytes that a step takes above the net at rest, from a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--peak", task, net]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()[-1])


def peak(name: str, net: str) -> int:
    """The most memory that a step at 32 x 64 tokens held beyond what stood before it, gradients counted."""
    torch.set_num_threads(1)
    task = task_of(name, net)
    model = network_of(net, task)
    drawn = torch.Generator().manual_seed(0)
    ids = torch.randint(1000, 30000, (BATCH, LENGTH), generator=drawn)
    texts = Texts(tuple(ids), torch.randint(2, (BATCH,), generator=drawn), ("no", "yes"))
    examples = HiddenWords.of(texts, task.hiding, 0) if isinstance(task, MaskedWords) else texts
    batch = examples.take(torch.arange(BATCH))
    step(model, task, batch)  # kernels and buffers
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark begins anew
    step(model, task, batch)
    return memory("VmHWM") - before


def step(model: Network, task: Task, batch: Batch) -> None:
    """One loss and its gradients, which are let go of."""
    loss = task.losses(model(batch.x, **batch.more), batch.targets).mean()
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    model.zero_grad(set_to_none=True)
    ctypes.CDLL(None).malloc_trim(0)  # freed memory goes back, so that it is not counted as held


def memory(mark: str) -> int:
    """Bytes, by a mark of Linux's own account of the process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{mark}:"))


if __name__ == "__main__":
    sys.exit(main())

"""Where weights come from, and what travels with a ticket: its net's options, its size, its classes."""

import subprocess
import sys
from pathlib import Path

import torch
from benchmarks.repros.command import refused, tombola
from benchmarks.repros.finding import expect, finding

NARROW = {"name": "resnet8", "width": 0.25, "normalise": "cifar10"}
M = "m.safetensors"
SMALL = {"name": "digits", "size": 8, "num_train": 60}


@finding("F9", "the width is lost between pretrain and export", slow=True)
def width(folder: Path) -> str:
    """`export` and `transfer` build the narrow net again from the ticket alone."""
    few = ("--set", "task.size=8", "--set", "task.num_train=40")
    steps = (
        ("pretrain", "resnet8", "--task", "digits", *few, "--set", "epochs=2it", "--set", "model.width=0.25", "-o", M),
        ("draw", f"path:{M}", "--set", "sparsity=0.5", "-o", "t.ticket"),
        ("export", "t.ticket", "--to", "state_dict", "-o", "out.safetensors"),
        ("transfer", "t.ticket", "--task", "digits", *few, "--how", "linear", "-o", "a.ticket"),
        ("export", "a.ticket", "--to", "state_dict", "-o", "adapted.safetensors"),
    )
    for words in steps:
        said = tombola(*words, folder=folder)
        expect(said.code == 0, f"{words[0]}: {said.err[-200:]}")
    return "pretrain, draw, export, transfer, export with a width of a quarter"


@finding("U4", "an ONNX file calls real, adapted weights random", slow=True)
def provenance(folder: Path) -> str:
    """Its metadata say the origin, the task, the classes and a digest."""
    from tombola import verbs
    from tombola.exporters.onnx import noted
    from tombola.models.files import save_network
    from tombola.models.source import Source
    from tombola.tasks._base import Task

    save_network(Source.parse(NARROW).load(seed=1), folder / "m.safetensors")
    model, task = verbs.as_network(f"path:{folder}/m.safetensors"), Task.parse(SMALL)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    adapted = verbs.keep(verbs.transfer(model, ticket, task, "linear"), ticket, task)
    (file,) = verbs.export(None, adapted, "onnx", folder / "net.onnx")
    notes = noted(file)
    expect("random" not in notes["source"], notes["source"])
    expect(notes["origin"]["sha256"] and notes["weights_digest"], "no digest")
    expect(notes["adapted"]["classes"] == list("0123456789"), "no classes")
    expect(notes["size"] == [3, 8, 8], f"of {notes['size']}, not of the size it was adapted with")
    return str(notes["source"])


@finding("U11", "a ticket does not go into a Network, and goes into another library's net unasked")
def into_a_network(folder: Path) -> str:
    """`apply` takes a Network, and refuses a net of timm's for a ticket of torchvision's."""
    import timm

    from tombola import verbs
    from tombola.errors import TicketError

    del folder
    model = verbs.as_network("torchvision:resnet18")
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    other = timm.create_model("resnet18", pretrained=False)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    try:
        ticket.apply(other)
    except TicketError as error:
        text = str(error)
    else:
        raise AssertionError("a timm net took a torchvision ticket")
    expect(all(torch.equal(value, before[name]) for name, value in other.state_dict().items()), "it was changed")
    ticket.apply(model)
    weight = model.body.get_parameter("layer1.0.conv1.weight")
    expect((weight == 0).any(), "nothing was pruned")
    try:
        verbs.transfer("torchvision:resnet18", ticket, SMALL, "linear", seed=1)
    except TicketError as error:
        expect("any_weights" not in str(error), "transfer has no any_weights")
    else:
        raise AssertionError("a mask-only ticket of other weights was transferred")
    return text[:80]


@finding("U2", "the size that a ticket was adapted with is forgotten", slow=True)
def size(folder: Path) -> str:
    """`measure`, `export --to native` and `bench` take it where none is given."""
    from tombola.joining import whole
    from tombola.models.image_size import shipped_size
    from tombola.tickets.ticket import Ticket

    adapted(folder)
    said = tombola("measure", "a.ticket", "--task", "digits", folder=folder)
    expect("images of 8 pixels" in said.out, f"{said.out} {said.err[-200:]}")
    network = whole(Ticket.load(folder / "a.ticket"))
    expect(shipped_size(network) == (3, 8, 8), "an export would be of another size")
    return said.out.splitlines()[-1]


@finding("U3", "a set with another class is measured without a word", slow=True)
def classes(folder: Path) -> str:
    """It is refused by the class's name; the same classes in another order give the same accuracy."""
    adapted(folder)
    for place, digits in (("same", {}), ("other", {"3": "three"})):
        pictures(folder / place, digits)
    all_of_it = ("--set", "task.split=all")
    right = tombola("measure", "a.ticket", "--task", "folder:same", *all_of_it, folder=folder)
    expect(right.code == 0, right.err[-200:])
    wrong = tombola("measure", "a.ticket", "--task", "folder:other", *all_of_it, folder=folder)
    return refused(wrong, "lacks '3'", "'three' besides")


@finding("U5", "a folder is measured by a fifth of it, unsaid, and no mistake is named", slow=True)
def whole_folder(folder: Path) -> str:
    """Which images, the interval, and on request what was told wrong, by file."""
    adapted(folder)
    pictures(folder / "new", {})
    ask = ("measure", "a.ticket", "--task", "folder:new")
    part = tombola(*ask, folder=folder)
    expect("20% of new" in part.out and "split=all" in part.out, part.out)
    every = tombola(*ask, "--set", "task.split=all", "--property", "accuracy", folder=folder)
    expect("judged on 100 images" in every.out and "95 % interval" in every.out, every.out)
    named = tombola(*ask, "--set", "task.split=all", "--property", "mistakes", folder=folder)
    expect("class_accuracy" in named.out and ".png" in named.out and "told as" in named.out, named.out)
    return every.out.splitlines()[0]


@finding("U7", "linear says nothing for minutes, and no training ends with a score", slow=True)
def progress(folder: Path) -> str:
    """`transfer` and `pretrain` print a validation score, and linear reports each image it looks at."""
    from contextlib import contextmanager

    from tombola import verbs
    from tombola.fitting.session import Session, Silent
    from tombola.models.source import Source

    titles = []

    class Heard(Silent):
        @contextmanager
        def task(self, title, total, done):  # type: ignore[no-untyped-def]  # as the contract has it
            titles.append(title)
            with super().task(title, total, done) as bar:
                yield bar

    model = Source.parse(NARROW).load()
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    verbs.transfer(model, ticket, SMALL, "linear", session=Session(reporter=Heard()))
    expect(len(titles) == 3, f"reported: {titles}")
    few = ("--set", "task.size=8", "--set", "task.num_train=40", "--set", "epochs=2it", "--set", "model.width=0.25")
    said = tombola("pretrain", "resnet8", "--task", "digits", *few, "-o", "m.safetensors", folder=folder)
    expect("validation samples" in said.out, said.out)
    return said.out.strip()


@finding("U9", "a dense transfer needs a ticket of 0 %", slow=True)
def dense(folder: Path) -> str:
    """`transfer` takes a model by name."""
    few = ("--set", "task.size=8", "--set", "task.num_train=40", "--set", "model.width=0.25")
    said = tombola("transfer", "resnet8", "--task", "digits", *few, "--how", "linear", "-o", "a.ticket", folder=folder)
    expect(said.code == 0, said.err[-300:])
    return said.out.splitlines()[0]


@finding("U10", "a ticket of one tensor in fifty says nothing of it", slow=True)
def one_tensor(folder: Path) -> str:
    """A rule that leaves nearly all of a net dense is said."""
    import warnings

    import timm

    from tombola import verbs

    del folder
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        verbs.draw(timm.create_model("vit_tiny_patch16_224", pretrained=False), {"name": "omp", "sparsity": 0.9})
    texts = [str(one.message) for one in heard if "prunable=" in str(one.message)]
    expect(texts, "nothing was said")
    return texts[0][:100]


@finding("U12", "the masks' enforcer is on no page", slow=True)
def own_loop(folder: Path) -> str:
    """A how-to shows it in one's own loop, and runs as it stands."""
    import re

    page = Path(__file__).parents[2] / "docs" / "how-to" / "your-own-loop.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (folder / "loop.py").write_text("\n".join(blocks), "utf-8")
    done = subprocess.run([sys.executable, "loop.py"], cwd=folder, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, done.stderr[-300:])
    return f"{page.name}, {(folder / 'mine.ticket').stat().st_size:,} bytes of ticket"


def adapted(folder: Path) -> None:
    """A ticket in ``a.ticket``, adapted to digits of 8 pixels."""
    from tombola import verbs
    from tombola.models.source import Source
    from tombola.tasks._base import Task

    model, task = Source.parse({**NARROW, "width": 0.5}).load(seed=1), Task.parse(SMALL)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    verbs.keep(verbs.transfer(model, ticket, task, "linear"), ticket, task).save(folder / "a.ticket")


def pictures(root: Path, renamed: dict[str, str]) -> None:
    """Ten digits of each class as files, the classes called by their digit or as ``renamed`` says."""
    from torchvision.utils import save_image

    from tombola.data.digits import read_digits

    digits = read_digits(8)
    for label, name in enumerate(digits.classes):
        place = root / renamed.get(name, name)
        place.mkdir(parents=True)
        for index in (digits.labels == label).nonzero().flatten()[:10].tolist():
            save_image(digits.pixels[index] / 255, place / f"{index}.png")

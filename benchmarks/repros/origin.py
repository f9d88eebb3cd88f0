"""Where weights come from, and what travels with a ticket: its net's options, its size, its classes."""

from pathlib import Path

import torch
from benchmarks.repros.command import tombola
from benchmarks.repros.finding import expect, finding

NARROW = {"name": "resnet8", "width": 0.25, "normalise": "cifar10"}
M = "m.safetensors"
SMALL = {"name": "digits", "size": 8, "num_train": 60}


@finding("F9", "the width is lost between pretrain and export")
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


@finding("U4", "an ONNX file calls real, adapted weights random")
def provenance(folder: Path) -> str:
    """Its metadata say the origin, the task, the classes and a digest."""
    from tombola import verbs
    from tombola.exporters.onnx import noted
    from tombola.models.files import save_network
    from tombola.models.source import Source
    from tombola.tasks._base import Task

    save_network(Source.parse(NARROW).load(seed=1), folder / "m.safetensors")
    model, task = verbs.as_network(f"path:{folder}/m.safetensors"), Task.parse(SMALL)
    (ticket,) = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
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
    (ticket,) = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
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

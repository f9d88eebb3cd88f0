"""Small finished models in every form that answers, and pictures of every kind for them."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from tombola import verbs
from tombola.data._pictures import pixels_of
from tombola.joining import kept
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket

CLASSES = ("cat", "dog", "émeu", "a b")
SIDE = 16


def adapted(*, crop: float = 1.0, classes: tuple[str, ...] = CLASSES) -> Network:
    """A net of images with random weights that says it was adapted."""
    network = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=len(CLASSES), seed=1)
    assert isinstance(network.head, nn.Linear)
    shown = torch.stack([torch.from_numpy(pixels_of(encoded(picture(number)), SIDE)) for number in range(8)])
    with torch.no_grad():  # answers that differ from picture to picture
        network.head.weight.mul_(50)
        network.head.bias.sub_(network(shown.float() / 255).mean(0))
    data = {"name": "folder", "size": SIDE, "crop": crop}
    network.adapted = Adapted.of({"name": "classification", "data": data}, size=SIDE, classes=classes)
    return network


def ticket_of(network: Network, path: Path) -> Path:
    """Its ticket, half of one layer pruned."""
    name = "layer1.0.conv1.weight"
    mask = torch.ones(network.body.get_parameter(name).shape, dtype=torch.bool)
    mask.flatten()[::2] = False
    assert network.adapted is not None
    ticket = Ticket(Masks({name: mask}), Lineage(origin=network.origin))
    return kept(network, ticket, network.adapted).save(path)


def exported(ticket: Path, to: str | dict[str, object], out: Path) -> Path:
    """The ticket in another program's form."""
    verbs.export(None, ticket, to, out)
    return out


def picture(number: int, wide: int = 30, tall: int = 20) -> Image.Image:
    """A smooth picture of its own colors."""
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float64)
    waves = [127 + 127 * np.sin(x / (3 + number) + c + y / (2 + c + number % 3)) for c in range(3)]
    return Image.fromarray(np.stack(waves, -1).astype(np.uint8))


def pictures(folder: Path) -> list[Path]:
    """One of each kind that a folder of photographs may hold, uppercase and nested ones too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deep").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    made: list[tuple[str, Image.Image, dict[str, object]]] = [
        ("turned.jpg", picture(0), {"exif": exif}),
        ("BIG.JPEG", picture(1, 400, 300), {}),
        ("clear.png", picture(2).convert("RGBA"), {}),
        ("palette.png", picture(3).convert("P"), {}),
        ("print.tif", picture(4).convert("CMYK"), {}),
        ("sixteen.png", Image.fromarray((np.arange(600).reshape(20, 30) * 100).astype(np.uint16)), {}),
        ("gray.bmp", picture(5).convert("L"), {}),
        ("deep/moving.gif", picture(6), {"save_all": True, "append_images": [picture(7)]}),
    ]
    for name, image, options in made:
        image.save(folder / name, **options)  # type: ignore[arg-type]  # options of many kinds
    return [folder / name for name, _, _ in made]


def encoded(image: Image.Image) -> bytes:
    """Its PNG."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def of_texts(tokenizer: object = "plain:60", **data: object) -> Network:
    """A small encoder with random weights that says it was adapted to texts cut by a tokeniser of this identity."""
    from tests.models.encoders import encoder

    network = encoder("bert", num_hidden_layers=1, classes=2)
    assert isinstance(network.head, nn.Linear)
    with torch.no_grad():
        network.head.weight.mul_(20)
        network.head.bias.zero_()
    whole = {"name": "texts", "length": 12, "tokenizer": tokenizer, **data}
    network.adapted = Adapted.of({"name": "text", "data": whole}, size=None, classes=("bad", "good"))
    return network


def text_ticket(path: Path, tokenizer: object = "plain:60", **data: object) -> Path:
    """Its ticket, nothing pruned."""
    network = of_texts(tokenizer, **data)
    assert network.adapted is not None
    return kept(network, Ticket(Masks({}), Lineage(origin=network.origin)), network.adapted).save(path)

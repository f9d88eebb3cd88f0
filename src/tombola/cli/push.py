"""``tombola push``: a ticket, or a folder of `tombola make`, onto a hub of models."""

from pathlib import Path
from typing import Final

import typer

from tombola.cli import completing
from tombola.cli.output import JSON, summarised

EXAMPLES: Final = (
    "tombola push adapted.ticket me/flowers",
    "tombola push made me/flowers --public",
    "tombola push reviews.ticket me/reviews --beside minilm/tokenizer.json",
)


def push(
    what: str = typer.Argument(
        metavar="WHAT",
        help="A .ticket file, or a folder of tombola make.",
        autocompletion=completing.files(completing.TICKETS),
    ),
    name: str = typer.Argument(metavar="OWNER/NAME", help="The folder on the hub; it is made where it is not there."),
    public: bool = typer.Option(
        False, "--public", help="A folder that is made is for everybody; without it, for you alone."
    ),
    beside: list[Path] = typer.Option(
        [], "--beside", metavar="FILE", help="A file that goes along, as tokenizer.json of texts; may be repeated."
    ),
    message: str = typer.Option(
        "A ticket of Tombola's", "--message", metavar="WORDS", help="What the hub says of the change."
    ),
    as_json: bool = JSON,
) -> None:
    """Send a ticket to a hub of models, with its card.

    It is loaded from there by its name: tombola predict hub:OWNER/NAME. The hub is Hugging Face's, or the one that
    HF_ENDPOINT names; it asks for a login (hf auth login).
    """
    from tombola.models.hub import Place
    from tombola.tickets import folder

    address = folder.push(Path(what), name, private=not public, beside=beside, message=message)
    where = str(Place.parse(name))
    summarised(
        as_json, {"address": address, "name": where}, [f"{what}: {address}", f"load it: tombola.load({where!r})"]
    )

"""``tombola adopt``: a ticket from another program's file of masks or pruned weights."""

from typing import Final

import typer

from tombola.cli import completing, settings
from tombola.cli.output import JSON, summarised
from tombola.cli.ticket_page import brief
from tombola.cli.work import VALUES, fresh_file
from tombola.errors import RequestError

FILES: Final = (".pt", ".pth", ".tar", ".safetensors", ".npz")
EXAMPLES: Final = (
    "tombola adopt pruned.pt --model torchvision:resnet18 -o x.ticket",
    "tombola adopt masks.npz --model path:net.safetensors --mask-only -o x.ticket",
    "tombola adopt pruned.pth --model resnet20 --rename '^module\\.=' -o x.ticket",
)


def adopt(
    file: str = typer.Argument(
        help=f"A {', '.join(FILES)} file of masks or of pruned weights.", autocompletion=completing.files(FILES)
    ),
    model: str = typer.Option(
        ...,
        "--model",
        metavar="MODEL",
        help="The net the file is of, as torchvision:resnet18; for masks alone, with its weights.",
        autocompletion=completing.models,
    ),
    mask_only: bool = typer.Option(False, "--mask-only", help="Leave the file's weights: masks for the model's own."),
    values: str = VALUES,
    rename: list[str] = typer.Option(
        [], "--rename", metavar="PATTERN=NEW", help="Regular expression on the file's names; may be repeated."
    ),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Make a ticket of masks or pruned weights of another program.

    It reads what torch.nn.utils.prune and VITA's code leave, and zeros. Where only zeros say what is pruned,
    --set prunable=cv_lth (or another rule) says among which weights.
    """
    from tombola.adopting import adopt
    from tombola.models.source import Source
    from tombola.tickets.table import summarise

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    source = Source.parse(settings.taken(options, "model", model))
    rule = options.pop("prunable", "double_win")
    if options:
        raise RequestError(
            f"adopt has no option {next(iter(options))!r}; it has prunable and the model's, model.OPTION"
        )
    ticket = adopt(file, source, prunable=rule, rename=map(_pair, rename), mask_only=mask_only, seed=seed)
    ticket.save(path, values=values, overwrite=overwrite)
    summary = summarise(path)
    summarised(as_json, summary.as_json(), [f"{path}: adopted from {file}", *brief(summary)])


def _pair(text: str) -> tuple[str, str]:
    pattern, equals, new = text.rpartition("=")
    if not equals or not pattern:
        raise RequestError(f"--rename {text!r}: write PATTERN=NEW, as in '^backbone\\.=' or 'conv=layer1.conv'")
    return pattern, new

"""``tombola adopt``: a ticket from another program's file of masks or pruned weights."""

import typer

from tombola.cli import settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import fresh_file
from tombola.errors import RequestError


def adopt(
    file: str = typer.Argument(help="A .pt, .pth, .tar, .safetensors or .npz file of masks or of pruned weights."),
    model: str = typer.Option(
        ..., "--model", help="The net the file is of: torchvision:resnet18, ...; for masks alone, with its weights."
    ),
    mask_only: bool = typer.Option(False, "--mask-only", help="Leave the file's weights: masks for the model's own."),
    values: str = typer.Option("float32", "--values", help="Of a self-contained ticket: float32, float16 or bfloat16."),
    rename: list[str] = typer.Option(
        [], "--rename", metavar="PATTERN=NEW", help="Regular expression on the file's names; may be repeated."
    ),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Make a ticket of masks or pruned weights that another program wrote (torch.nn.utils.prune, VITA, zeros).

    Where only zeros say what is pruned, --set prunable=cv_lth (or another rule) says among which weights.
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
    emit(as_json, summary.as_json(), [f"{path}: adopted from {file}", summary.text()])


def _pair(text: str) -> tuple[str, str]:
    pattern, equals, new = text.rpartition("=")
    if not equals or not pattern:
        raise RequestError(f"--rename {text!r}: write PATTERN=NEW, as in '^backbone\\.=' or 'conv=layer1.conv'")
    return pattern, new

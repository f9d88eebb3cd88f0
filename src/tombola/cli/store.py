"""``tombola store ls | verify | gc``: look after the folder of finished stages."""

from typing import Final

import typer

from tombola.cli import completing
from tombola.cli.commands import register
from tombola.cli.output import JSON, Table, emit
from tombola.cli.studies import STORE, study_of
from tombola.errors import StoreError

app = typer.Typer(no_args_is_help=True, help="Look after the folder of finished stages.", rich_markup_mode=None)

EXAMPLES: Final = {
    "ls": ("tombola store ls", "tombola store ls --store s3://bucket/store --json"),
    "verify": ("tombola store verify",),
    "gc": ("tombola store gc --keep demo --keep study.yaml --dry", "tombola store gc"),
}


def ls(store: str = STORE, as_json: bool = JSON) -> None:
    """List the finished stages, oldest first."""
    from tombola.study.store import Store

    kept = Store.at(store)
    kept.require_readable()
    found = list(kept.manifests())
    value = [
        {"key": m.key, "stage": m.stage, "finished": m.finished, "seconds": m.seconds, "bytes": m.bytes} for m in found
    ]
    rows = [(m.key[:12], m.stage, m.finished, f"{m.seconds:,.1f}", f"{m.bytes:,}") for m in found]
    table = Table(("key", "stage", "finished", "seconds", "bytes"), rows, right=("seconds", "bytes"))
    total = sum(manifest.bytes for manifest in found)
    emit(as_json, value, [*([table] if rows else []), f"{len(found)} stages, {total:,} bytes in {store}"])


def verify(store: str = STORE, as_json: bool = JSON) -> None:
    """Compute every digest anew.

    Exit code 1 names what is damaged.
    """
    from tombola.study.store import Store

    kept = Store.at(store)
    problems = kept.verify()
    count = sum(1 for _ in kept.manifests())
    emit(as_json, {"stages": count, "problems": problems}, [f"{count} stages, {len(problems)} damaged"])
    if problems:
        advice = "remove the folders named; the same studies make them again"
        raise StoreError("\n".join(["damaged stages:", *(f"  - {problem}" for problem in problems), advice]))


def gc(
    keep: list[str] = typer.Option(
        [],
        "--keep",
        metavar="STUDY",
        help="A study or recipe whose stages stay; without any, all stay; may be repeated.",
        autocompletion=completing.either(completing.recipes, completing.files(completing.STUDIES)),
    ),
    dry: bool = typer.Option(False, "--dry", help="Only say what would be removed."),
    store: str = STORE,
    as_json: bool = JSON,
) -> None:
    """Remove what nobody will need.

    That is unfinished work that no process is at and, with --keep, the stages of all other studies.
    """
    from tombola.study.plan import Plan
    from tombola.study.store import Store

    keys = {key for name in keep for key in Plan.of(study_of(name, [])).stages} if keep else None
    freed = Store.at(store).gc(keys, dry=dry)
    verb = "would free" if dry else "freed"
    line = f"{verb} {freed.bytes:,} bytes: {freed.stages} stages, {freed.unfinished} unfinished"
    emit(as_json, {**vars(freed), "dry": dry}, [line])


register(app, "ls", ls, EXAMPLES["ls"])
register(app, "verify", verify, EXAMPLES["verify"])
register(app, "gc", gc, EXAMPLES["gc"])

"""``tombola store ls | verify | gc``: look after the folder of finished stages."""

import typer

from tombola.cli.output import JSON, emit
from tombola.cli.studies import STORE, study_of
from tombola.errors import StoreError

app = typer.Typer(no_args_is_help=True, help="Look after the folder of finished stages.", rich_markup_mode=None)


@app.command("ls")
def ls(store: str = STORE, as_json: bool = JSON) -> None:
    """List the finished stages, oldest first."""
    from tombola.study.store import Store

    kept = Store.at(store)
    kept.require_readable()
    found = list(kept.manifests())
    value = [
        {"key": m.key, "stage": m.stage, "finished": m.finished, "seconds": m.seconds, "bytes": m.bytes} for m in found
    ]
    lines = [f"{m.key[:12]}  {m.stage:<9} {m.finished}  {m.seconds:8.1f} s  {m.bytes:>12,} bytes" for m in found]
    total = sum(manifest.bytes for manifest in found)
    emit(as_json, value, [*lines, f"{len(found)} stages, {total:,} bytes in {store}"])


@app.command("verify")
def verify(store: str = STORE, as_json: bool = JSON) -> None:
    """Compute every digest anew; exit code 1 names what is damaged."""
    from tombola.study.store import Store

    kept = Store.at(store)
    problems = kept.verify()
    count = sum(1 for _ in kept.manifests())
    emit(as_json, {"stages": count, "problems": problems}, [f"{count} stages, {len(problems)} damaged"])
    if problems:
        advice = "remove the folders named; the same studies make them again"
        raise StoreError("\n".join(["damaged stages:", *(f"  - {problem}" for problem in problems), advice]))


@app.command("gc")
def gc(
    keep: list[str] = typer.Option([], "--keep", help="A study or recipe whose stages stay; without any: all stay."),
    dry: bool = typer.Option(default=False, help="Only say what would be removed."),
    store: str = STORE,
    as_json: bool = JSON,
) -> None:
    """Remove unfinished work that no process is at and, with --keep, the stages of all other studies."""
    from tombola.study.plan import Plan
    from tombola.study.store import Store

    keys = {key for name in keep for key in Plan.of(study_of(name, [])).stages} if keep else None
    freed = Store.at(store).gc(keys, dry=dry)
    verb = "would free" if dry else "freed"
    line = f"{verb} {freed.bytes:,} bytes: {freed.stages} stages, {freed.unfinished} unfinished"
    emit(as_json, {**vars(freed), "dry": dry}, [line])

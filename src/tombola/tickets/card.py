"""A ticket's card: what it is, what it keeps and how to load it, with the fields that a hub of models reads."""

from collections.abc import Iterator, Sequence
from typing import Final

from tombola.models.adapted import Adapted
from tombola.tickets.summary import Summary

_PIPELINES: Final = {
    "classification": "image-classification",
    "segmentation": "image-segmentation",
    "detection": "object-detection",
    "text": "text-classification",
    "spans": "question-answering",
}
"""What a hub calls our tasks."""


def card_of(summary: Summary, name: str) -> str:
    """The text; ``name`` is what `Ticket.from_pretrained` finds it by."""
    return "\n".join(_lines(summary, name)) + "\n"


def fields(adapted: Adapted | None, tags: Sequence[str], *more: str) -> Iterator[str]:
    """The head that a hub reads, in YAML; ``more`` are lines of it."""
    task = _PIPELINES.get("" if adapted is None else str(adapted.task.get("name")))
    yield "---"
    yield from ([f"pipeline_tag: {task}"] if task else [])
    yield from ("library_name: tombola", f"tags: [{', '.join(('tombola', *tags))}]", *more, "---", "")


def _lines(summary: Summary, name: str) -> Iterator[str]:
    adapted, lineage = summary.lineage.answers, summary.lineage
    yield from fields(adapted, ["sparse"])
    yield f"# A ticket of {lineage.model_text or 'a model without a name'}"
    yield ""
    yield f"{summary.kept:,} of {summary.total:,} prunable weights are kept ({summary.density:.2%})."
    yield f"Adapted to {adapted}." if adapted else "It is adapted to no task yet."
    if lineage.scheme:
        yield f"Drawn by `{lineage.scheme.get('name')}`."
    yield ""
    yield "## Load it"
    yield from ("```python", "import tombola", "", *_loading(summary, name), "```", "")
    yield "## What each layer keeps"
    yield from ("| layer | shape | kept | of |", "|---|---|---|---|")
    yield from (
        f"| `{layer.name}` | {'x'.join(map(str, layer.shape))} | {layer.kept:,} | {layer.total:,} |"
        for layer in summary.layers
    )


def _loading(summary: Summary, name: str) -> Sequence[str]:
    if summary.kind == "self-contained" and summary.lineage.answers is not None:
        return [f'model = tombola.load("{name}")', "answer = model.predict(sample)  # answer.label, answer.score"]
    return [f'ticket = tombola.Ticket.from_pretrained("{name}")', "ticket.apply(model)  # the net it is of"]

"""How the recipes of BERT's tickets are named and titled: the prior in every title."""

from collections.abc import Mapping
from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.bert_tickets import _paper, _small
from tombola.study.study import Study


def named(name: str, scale: Scale, title: str, axes: Mapping[str, Any], **parts: Any) -> Study:
    """The study of a recipe at a scale over that scale's base."""
    base, prior = (_paper.base(), _paper.BERT) if scale == "paper" else (_small.base(), _small.PRIOR)
    return study(f"bert-tickets-{name}", scale, f"{title} ({prior})", base, axes=axes, **parts)

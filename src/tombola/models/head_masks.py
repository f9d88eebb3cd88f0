"""Masks and the head: a new task's head replaces the pretrained one, so a mask of the old head is of no use to it."""

import re

from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable


def without_head(masks: Masks, network: Network) -> Masks:
    """The masks of everything but the network's head."""
    start = f"{network.head_name}."
    if not any(name.startswith(start) for name in masks):
        return masks
    return masks.only(name for name in masks if not name.startswith(start))


def rule_without_head(rule: PrunableRule, network: Network) -> tuple[PrunableRule, list[str]]:
    """The rule that leaves the head dense, and which of the head's weights the rule given would have pruned."""
    without = rule.replace(exclude=(*rule.exclude, rf"^{re.escape(network.head_name)}\."))
    left = prunable(network.body, without)
    head = [name for name in prunable(network.body, rule) if name not in left]
    return (without, head) if head else (rule, [])

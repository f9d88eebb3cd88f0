"""Hugging Face's Trainer: masks hold to the end, counts are exact."""

from pathlib import Path

import pytest
from tests.callbacks.loops import Samples, Toy, masks, require_kept

from tombola.errors import MaskError

transformers = pytest.importorskip("transformers")


def trained(folder: Path, toy: Toy, **options: object) -> None:
    """Twelve steps with weight decay, accumulated and clipped."""
    from tombola.callbacks.trainer import KeepMasks

    asked = transformers.TrainingArguments(
        str(folder),
        max_steps=6,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2,
        learning_rate=0.05,
        weight_decay=0.1,
        max_grad_norm=0.5,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        **options,
    )
    keep = KeepMasks(masks(), toy.net)
    transformers.Trainer(toy, asked, train_dataset=Samples(), callbacks=[keep]).train()


@pytest.mark.filterwarnings("ignore")
def test_masks_hold_to_the_end(tmp_path: Path) -> None:
    toy = Toy()
    trained(tmp_path, toy)
    require_kept(toy.net)


@pytest.mark.filterwarnings("ignore")
def test_names_of_another_part_are_refused(tmp_path: Path) -> None:
    from tombola.callbacks.trainer import KeepMasks

    asked = transformers.TrainingArguments(str(tmp_path), max_steps=1, report_to=[], use_cpu=True, disable_tqdm=True)
    with pytest.raises(MaskError, match=r"no parameter '0\.weight'"):
        transformers.Trainer(Toy(), asked, train_dataset=Samples(), callbacks=[KeepMasks(masks())]).train()

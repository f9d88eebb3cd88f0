"""Lightning's Trainer: masks hold to the end, counts are exact."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.callbacks.loops import Samples, Toy, masks, require_kept
from torch.utils.data import DataLoader

lightning: Any = pytest.importorskip("lightning.pytorch")


@pytest.mark.filterwarnings("ignore")
def test_masks_hold_to_the_end(tmp_path: Path) -> None:
    from tombola.callbacks.lightning import KeepMasks

    class Module(lightning.LightningModule):  # type: ignore[misc]  # it may be absent
        def __init__(self) -> None:
            super().__init__()
            self.toy = Toy()

        def training_step(self, batch: dict[str, Any], index: int) -> torch.Tensor:
            found: torch.Tensor = self.toy(**batch)["loss"]
            return found

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=0.05, weight_decay=0.1)

    module = Module()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        gradient_clip_val=0.5,
        accumulate_grad_batches=2,
        callbacks=[KeepMasks(masks(), module.toy.net)],
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(Samples(), batch_size=8))
    assert trainer.global_step == 4
    require_kept(module.toy.net)

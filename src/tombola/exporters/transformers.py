"""A folder that transformers loads: ``from_pretrained(FOLDER)`` gives the pruned net back, zeros exact.

What: ``config.json`` with the classes' names and ``model.safetensors``, of the class of transformers' that gives the
  net's logits: AutoModelForSequenceClassification for BERT and RoBERTa with ``pool=cls``, AutoModelForMaskedLM and
  AutoModelForCausalLM for heads of words. Every candidate is run beside the net on random texts. Where none answers
  alike (``pool=mean``; families whose classifiers have another layer, or whose head of words has another epsilon) the
  folder is the encoder, for AutoModel, and ``head.safetensors`` the head; ``tombola.json`` says what is what.
When: for programs built on transformers. Zeros are stored and multiplied as everything else.
Cost: the files, as large as the dense net's.
Options: ``tokenizer``: the folder whose tokeniser goes along; another than the net was adapted with is refused.
Reference: https://huggingface.co/docs/transformers/main_classes/model.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar, Final, final

import torch

from tombola.data._tokenizer_files import of_files
from tombola.disks import written_folder
from tombola.errors import ModelError, RequestError
from tombola.exporters._base import Exporter, Reads
from tombola.exporters._masked import masked
from tombola.exporters._stock import Stock, configured, stock_of
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.encoders import EncoderBody
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.models.said import told_of
from tombola.models.saved_tensors import save_tensors
from tombola.spec import build, option
from tombola.wheels import place_of

ABOUT: Final = "tombola.json"
HEAD_FILE: Final = "head.safetensors"
_TOKENIZER: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
_READ: Final = {
    "cls": "the vector that stands for a text: the pooler's, else the first token's, of causal models the last one's",
    "mean": "the mean of the tokens that the attention mask counts",
}


@final
class Transformers(Exporter):
    """Writes one folder."""

    READS: ClassVar[Reads] = "texts"

    tokenizer: str = option("", "the folder whose tokeniser's files go along; empty: none do")

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        self.require_reads(model)
        if out.exists():
            raise RequestError(f"{out} exists; choose another name or remove it first")
        network = masked(model, masks)
        config = _configuration(network)
        along = self._tokenizer_files(network)
        found = stock_of(network, config)
        with written_folder(out) as new:
            _write(network, config, found, new)
            for file in along:
                shutil.copyfile(file, new / file.name)
        return sorted(file for file in out.iterdir() if file.is_file())

    def told(self, files: Sequence[Path]) -> list[str]:
        folder = files[0].parent
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        way = f"{about['class']}.from_pretrained({str(folder)!r})"
        lines = [f"{way} answers as the ticket does"]
        if about["head"] is not None:
            lines = [
                f"{way} is the encoder alone: no class of transformers' has this head",
                f"{HEAD_FILE} is the head ({about['head']['kind']}) on {about['head']['reads']}",
            ]
        names = ", ".join(about["classes"][:5]) + (", ..." if len(about["classes"]) > 5 else "")
        lines += [f"classes: {names}"] if names else []
        along = any((folder / name).is_file() for name in _TOKENIZER)
        return lines if along else [*lines, _without_tokenizer(about)]

    def _tokenizer_files(self, network: Network) -> list[Path]:
        """The files to copy; refuses a tokeniser that would take words for others."""
        if not self.tokenizer:
            return []
        folder, given = place_of(self.tokenizer), of_files(self.tokenizer)
        theirs = None if network.adapted is None else network.adapted.of_data("tokenizer")
        if theirs is not None and theirs != given.identity():
            raise RequestError(
                f"tokenizer={self.tokenizer}: the net learned its texts with another tokeniser; name the folder of that"
                " one, or leave it out"
            )
        return [folder / name for name in _TOKENIZER if (folder / name).is_file()]


def _without_tokenizer(about: Mapping[str, Any]) -> str:
    theirs = None if about["adapted"] is None else build(Adapted, about["adapted"]).of_data("tokenizer")
    if isinstance(theirs, str):
        return f"its texts were cut into words by {theirs}, which has no files: no tokeniser goes along"
    return "no tokeniser goes along; write --set tokenizer=FOLDER with the one of its texts"


def _configuration(network: Network) -> Any:
    """What transformers builds the network from; raises where no configuration says what it is."""
    body = network.body
    if not isinstance(body, EncoderBody) or not isinstance(network.normalise, Words):
        what = "has a prompt before it" if isinstance(body, EncoderBody) else "is no net of transformers'"
        raise RequestError(f"{network.source} {what}, which no configuration of theirs says; write --to onnx")
    import transformers

    config = configured(network, _classes(network))
    auto: Any = transformers.AutoModel
    with torch.device("meta"):
        whole = auto.from_config(config).state_dict()
    own = body.inner.state_dict()
    odd = next((name for name, tensor in whole.items() if name in own and own[name].shape != tensor.shape), None)
    if odd is not None:
        raise ModelError(
            f"{odd} was made smaller than the configuration says, and none of transformers' says how large each layer"
            " is; write --to onnx, or --to state_dict"
        )
    return config


def _classes(network: Network) -> tuple[str, ...]:
    return () if network.adapted is None else network.adapted.classes


def _write(network: Network, config: Any, found: Stock | None, folder: Path) -> None:
    body = network.body
    assert isinstance(body, EncoderBody)
    inner: Any = body.inner
    head = None
    if found is None:
        inner.config = config
        save_tensors(network.head.state_dict(), folder / HEAD_FILE, {})
        head = {"kind": network.head_kind.name, "reads": "every token" if body.reads == "tokens" else _READ[body.pool]}
    with redirect_stderr(StringIO()):  # it shows a bar
        (inner if found is None else found.model).save_pretrained(folder)
    about = {
        **told_of(network),
        "class": "AutoModel" if found is None else found.auto,
        "classes": list(_classes(network)),
        "pool": body.pool,
        "head": head,
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")

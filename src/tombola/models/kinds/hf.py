"""Sequence encoders of transformers: ``hf:FOLDER``, or ``hf:NAME`` of Hugging Face's hub or its cache.

What: The encoder that ``config.json`` describes with the weights of ``model.safetensors`` beside it, and a fresh linear
    head. A configuration alone, or ``@config`` behind the name, gives random weights. Pickles are refused.
When: Texts: BERT, RoBERTa, DistilBERT, ELECTRA, ModernBERT and whatever else answers with hidden states.
Cost: Reading the files; a name that is not in the cache is downloaded.
Options: ``pool``, what of a text the head reads; ``config``, the configuration itself, which tickets bring along.
Reference: https://huggingface.co/docs/transformers; Devlin et al., NAACL 2019, arXiv 1810.04805.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal, final

from tombola.errors import ModelError
from tombola.models.kinds._base import Asked, Kind
from tombola.registry import Examples
from tombola.spec import Json, file_digest, option

if TYPE_CHECKING:
    from tombola.models.network import Network

_ALONE: Final = "@config"
_CONFIG: Final = "config.json"
_WEIGHTS: Final = "model.safetensors"
_TINY: Final = {
    "model_type": "bert", "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 8, "max_position_embeddings": 16,
}  # fmt: skip


@final
class Hf(Kind):
    """An encoder of transformers'."""

    FORM: ClassVar[str] = "hf:NAME-OR-FOLDER"
    EXAMPLES: ClassVar[Examples] = ({"net": f"tiny{_ALONE}", "config": json.dumps(_TINY), "pool": "mean"},)

    pool: Literal["cls", "mean"] = option("cls", "what the head reads: the first token's vector, or the tokens' mean")
    config: str = option("", "the encoder's configuration as JSON; empty: the config.json of the name")

    @classmethod
    def resolved(cls, net: str) -> str:
        if not net.removesuffix(_ALONE):
            raise ModelError("no such model (a folder or a hub's name stands behind hf:, as in hf:./bert-tiny)")
        return net

    @classmethod
    def bare(cls, net: str) -> str:
        return cls.written(net.removesuffix(_ALONE) + _ALONE)

    @classmethod
    def known(cls) -> dict[str, str]:
        return {cls.FORM: "transformers' encoders of texts; with @config random"}

    @classmethod
    def content(cls, net: str) -> dict[str, Json]:
        """Of a folder what is in its files; a hub's name is one, and so is a configuration that is not there."""
        folder = Path(net.removesuffix(_ALONE)).expanduser()
        if not folder.is_dir():
            return {}
        files = [folder / _CONFIG, *([] if net.endswith(_ALONE) else _weights_in(folder))]
        if not files[0].is_file():
            raise ModelError(f"{folder}: holds no {_CONFIG}")
        return {"name": cls.name, "sha256": sha256("".join(map(file_digest, files)).encode()).hexdigest()}

    def build(self, asked: Asked) -> "Network":
        from tombola.models.encoders import HEAD, encoder_body, fill_encoder
        from tombola.models.inputs.tokens import Words
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        config, weights = self._described(), self._weights()
        with seeded(asked.seed):
            body = encoder_body(config, asked.outputs, self.pool)
        if weights is not None:
            fill_encoder(body, weights)
        name = self.net.removesuffix(_ALONE) if weights is not None else self.net.removesuffix(_ALONE) + _ALONE
        origin = Origin(
            source={"name": self.written(_of_no_machine(name)), "options": [["pool", self.pool], ["config", config]]},
            seed=asked.seed if weights is None else None,
            sha256="" if weights is None else file_digest(weights),
        )
        return Network(body, Words(), source=origin, head=HEAD)

    def _described(self) -> str:
        from tombola.models.encoders import configuration

        if self.config:
            return self.config
        file = self._file(_CONFIG)
        if file is None:
            raise ModelError(f"{self.written(self.net)}: that folder has no {_CONFIG}; write config=... with it")
        return configuration(file)

    def _weights(self) -> Path | None:
        """The file of weights; None where a configuration alone is asked for or there."""
        return None if self.net.endswith(_ALONE) else self._file(_WEIGHTS)

    def _file(self, name: str) -> Path | None:
        from tombola.models.downloads import hub_file

        net = self.net.removesuffix(_ALONE)
        folder = Path(net).expanduser()
        if not folder.is_dir() and net.startswith((".", "/", "~")):
            raise ModelError(f"{self.written(self.net)}: there is no such folder")
        if not folder.is_dir():
            way = f"put {_CONFIG} and {_WEIGHTS} into a folder and write hf:THAT_FOLDER"
            return hub_file(net, (name,), self.written(net), instead=way)
        return next(iter(_weights_in(folder)), None) if name == _WEIGHTS else _there(folder / name)


def _weights_in(folder: Path) -> list[Path]:
    """The file of weights, none in a folder with a configuration alone; raises `ModelError` for pickles."""
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    others = sorted(file.name for file in folder.glob("*") if file.suffix in (".bin", ".pt", ".h5", ".safetensors"))
    if others:
        raise ModelError(
            f"{folder}: its weights are in {', '.join(others[:4])}, and only {_WEIGHTS} is read, which holds no code;"
            " save the model once with save_pretrained(FOLDER, max_shard_size='100GB') of transformers"
        )
    return []


def _there(file: Path) -> Path | None:
    return file if file.is_file() else None


def _of_no_machine(net: str) -> str:
    """A folder by its own name: where it lies is nobody's business."""
    folder = net.removesuffix(_ALONE)
    return (
        net if not Path(folder).expanduser().is_dir() else Path(folder).expanduser().resolve().name + net[len(folder) :]
    )

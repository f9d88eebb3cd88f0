"""Sequence models of transformers: ``hf:FOLDER``, ``hf:FILE.gguf``, ``hf:package:NAME``, or a name of the hub's.

What: The net that ``config.json`` describes with the weights of ``model.safetensors`` beside it, or all of that in a
    GGUF file, in a folder or in an installed package. An encoder comes under a fresh linear head. A causal language
    model comes with its own head, the next word, unless classes are asked for; ``decoder=mlm`` brings an encoder's
    head of hidden words where its file has one. A configuration alone, or ``@config`` behind the name, gives random
    weights. Pickles are refused.
When: Texts: BERT, RoBERTa, DistilBERT, ELECTRA, ModernBERT and whatever else answers with hidden states; Llama's family
    and GPT-2.
Cost: Reading the files, GGUF being unpacked to float32; a name that is not in the cache is downloaded.
Options: ``pool``, what of a text the head reads; ``config``, the configuration itself, which tickets bring along.
Reference: https://huggingface.co/docs/transformers; Devlin et al., NAACL 2019, arXiv 1810.04805.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

from tombola.errors import ModelError
from tombola.models.hf_files import CONFIG, GGUF, hub_files, local_files, of_no_machine
from tombola.models.kinds._base import Asked, Kind
from tombola.registry import Examples
from tombola.spec import Json, file_digest, option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from tombola.models.encoders import EncoderBody
    from tombola.models.network import Network

_ALONE: Final = "@config"
_SMALL: Final = {"vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
_TINY: Final = {**_SMALL, "intermediate_size": 8, "max_position_embeddings": 16}


@final
class Hf(Kind):
    """A model of transformers'."""

    FORM: ClassVar[str] = "hf:NAME-OR-FOLDER"
    EXAMPLES: ClassVar[Examples] = (
        {"net": f"tiny{_ALONE}", "config": json.dumps({"model_type": "bert", **_TINY}), "pool": "mean"},
        {"net": f"tiny{_ALONE}", "config": json.dumps({"model_type": "llama", **_TINY})},
    )

    pool: Literal["cls", "mean"] = option(
        "cls", "what the head reads: cls, the first token's vector (a causal model's last one's), or the tokens' mean"
    )
    config: str = option("", "the net's configuration as JSON; empty: the config.json of the name")

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
        return {cls.FORM: "transformers' encoders of texts and causal language models; with @config random"}

    @classmethod
    def content(cls, net: str) -> dict[str, Json]:
        """Of a folder what is in its files; a hub's name is one, and so is a configuration that is not there."""
        files = local_files(net.removesuffix(_ALONE), weights=not net.endswith(_ALONE))
        if not files:
            return {}
        return {"name": cls.name, "sha256": sha256("".join(map(file_digest, files)).encode()).hexdigest()}

    def build(self, asked: Asked) -> "Network":
        from tombola.models.encoders import HEAD, encoder_body, fill_encoder
        from tombola.models.inputs.tokens import Words
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        config, file = self._described(), self._weights()
        with seeded(asked.seed):
            body = encoder_body(config, asked.outputs, self.pool)
        weights = {} if file is None else _read(file, config)
        if file is not None:
            fill_encoder(body, weights, file)
        _with_own_head(body, config, weights, asked, random=file is None)
        name = of_no_machine(self.net.removesuffix(_ALONE)) + ("" if file is not None else _ALONE)
        origin = Origin(
            source={"name": self.written(name), "options": [["pool", self.pool], ["config", config]]},
            seed=asked.seed if file is None else None,
            sha256="" if file is None else file_digest(file),
        )
        return Network(body, Words(), source=origin, head=HEAD)

    def _described(self) -> str:
        from tombola.models.encoders import configuration
        from tombola.models.gguf_files import described_in

        if self.config:
            return self.config
        net = self.net.removesuffix(_ALONE)
        file = (local_files(net, weights=False) or hub_files(net, weights=False))[0]
        return described_in(file) if file.suffix == GGUF else configuration(file)

    def _weights(self) -> Path | None:
        """The file of weights; None where a configuration alone is asked for or there."""
        if self.net.endswith(_ALONE):
            return None
        last = (local_files(self.net) or hub_files(self.net))[-1]
        return None if last.name == CONFIG else last


def _read(file: Path, config: str) -> "Mapping[str, Tensor]":
    from tombola.models.encoders import described
    from tombola.models.gguf_files import weights_in
    from tombola.models.readers import read_weights

    return weights_in(file, described(config)) if file.suffix == GGUF else read_weights(file)


def _with_own_head(
    body: "EncoderBody", config: str, weights: "Mapping[str, Tensor]", asked: Asked, *, random: bool
) -> None:
    """The head that the net was trained with put on it, in place, where that is what is asked for."""
    from tombola.models.encoders import described
    from tombola.models.word_heads import fill_next_words, tell_hidden_words, tell_next_words

    if asked.decoder == "mlm":
        tell_hidden_words(body, weights)
    elif body.causal and (asked.decoder == "lm" or (asked.decoder is None and asked.outputs is None)):
        made: Any = described(config)
        tell_next_words(body, tied=bool(made.tie_word_embeddings))
        if not random:
            fill_next_words(body, weights)

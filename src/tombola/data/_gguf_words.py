"""The tokeniser inside a GGUF file, as transformers make it of the words and merges there."""

import importlib
from pathlib import Path
from struct import error as StructError
from typing import Any, Final

from tombola.errors import DataError

GGUF: Final = ".gguf"


def of_gguf(file: Path) -> tuple[Any, dict[str, Any]]:
    """A tokeniser of the library ``tokenizers``, and the names of its special tokens; `DataError` where none is."""
    try:
        import gguf  # noqa: F401  transformers ask for it later, in more words

        transformers: Any = importlib.import_module("transformers.integrations.gguf")
    except ImportError:
        raise DataError(
            f"tokenizer={file}: GGUF files need transformers and gguf, not installed here; type: pip install"
            " 'tombola[text]'"
        ) from None
    try:
        architecture, words, settings = transformers.get_gguf_tokenizer(str(file))
        found, more = transformers.convert_gguf_tokenizer(architecture, words)
    except (OSError, ValueError, KeyError, IndexError, StructError) as error:
        raise DataError(f"tokenizer={file}: no tokeniser that can be read ({str(error)[:200]})") from None
    return found, {**settings, **more}

"""YAML files, read safely; a key written twice is an error instead of a silent choice."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from tombola.errors import RequestError


class _Strict(yaml.SafeLoader):
    """Plain data only, each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is written twice", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping a YAML file holds; raises `RequestError` naming the file and the line."""
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), _Strict)
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise RequestError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise RequestError(f"{path}: should hold keys and values, such as 'model: resnet8'")
    return found

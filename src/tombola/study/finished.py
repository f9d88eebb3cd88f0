"""A finished stage's folder: whether it is whole, and what is damaged."""

from pathlib import Path

from tombola.study.manifest import NAME, Manifest, content


def whole(folder: Path, key: str) -> bool:
    """Whether it holds the stage's manifest, and every file of the size the manifest says."""
    manifest = Manifest.read(folder)
    if manifest is None or manifest.key != key:
        return False
    return all(bytes_of(folder / name) == item.bytes for name, item in manifest.files.items())


def damage(folder: Path) -> str:
    """What is wrong with it, every byte read; empty where nothing is."""
    manifest = Manifest.read(folder)
    if manifest is None:
        return f"{NAME} is missing or damaged"
    if manifest.key != folder.name:
        return f"{NAME} is of another stage, {manifest.key}"
    if missing := [name for name in manifest.files if not (folder / name).is_file()]:
        return f"{', '.join(missing)} missing"
    changed = [name for name, item in manifest.files.items() if content(folder / name) != item]
    return f"{', '.join(changed)} changed since it was written" if changed else ""


def bytes_of(path: Path) -> int:
    """A file's size; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def listed(folder: Path) -> list[Path]:
    """What is in a folder, in order; nothing where there is none."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

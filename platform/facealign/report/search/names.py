"""Short names for dotted paths: enough of the end to tell a parameter from the others."""

from collections import Counter
from collections.abc import Iterable

_SAY_NOTHING = frozenset({"name", "params", "model", "train", "method"})


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Path → its shortest ending that no other path has, and that does not begin with a word like ``name``.

    ``method.awing.model.loss.params.alpha`` becomes ``alpha``; ``….loss.name`` beside ``….optimizer.name`` keeps
    ``loss.name``.
    """
    paths = list(dict.fromkeys(paths))
    endings = Counter(ending for path in paths for ending in _endings(path))
    return {path: next(e for e in _endings(path) if _says_enough(e, endings) or e == path) for path in paths}


def _endings(path: str) -> list[str]:
    words = path.split(".")
    return [".".join(words[-length:]) for length in range(1, len(words) + 1)]


def _says_enough(ending: str, endings: Counter[str]) -> bool:
    return endings[ending] == 1 and ending.split(".")[0] not in _SAY_NOTHING

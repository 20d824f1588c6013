"""Keys of settings files that were renamed: ``facealign check`` names the new key for each old one."""

RENAMED_KEYS: dict[str, str] = {
    "first": "initial_trials",
    "further": "extra_transforms",
    "neighbours": "neighbors",
    "normaliser": "normalizer",
    "normalisers": "normalizers",
}
"""Old key → new key. The old name is used nowhere else, so the last part of a dotted path is enough."""


def renamed(key: str, known: list[str]) -> str | None:
    """Return the new name of ``key`` if it was renamed to one of the ``known`` keys; else None."""
    new = RENAMED_KEYS.get(key)
    return new if new in known else None

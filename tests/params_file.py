"""Other settings for a test."""

from pathlib import Path

from ruamel.yaml import YAML


def overlay(path: Path, changes: dict) -> None:
    """Put nested settings into a YAML file."""
    yaml = YAML()
    tree = yaml.load(path)

    def put(into: dict, values: dict) -> None:
        for key, value in values.items():
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                put(into[key], value)
            else:
                into[key] = value

    put(tree, changes)
    yaml.dump(tree, path)

"""Searches as DVC's stages."""

from pathlib import Path

from facealign.config import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_space_has_a_stage_and_no_search_starts_unasked():
    stage = read_yaml(REPOSITORY / "pipelines" / "dvc.yaml")["stages"]["search"]
    spaces = sorted(path.stem for path in (REPOSITORY / "search_spaces").glob("*.yaml"))
    assert stage["matrix"]["space"] == spaces
    assert "search" not in read_yaml(REPOSITORY / "dvc.yaml")["stages"]


def test_a_stage_is_of_the_search_that_its_file_names():
    for path in (REPOSITORY / "search_spaces").glob("*.yaml"):
        assert read_yaml(path)["name"] == path.stem

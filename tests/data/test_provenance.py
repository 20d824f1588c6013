import importlib
import sys

import pytest

from facealign.data.config import DataConfig
from facealign.data.preparing.provenance import code_digest, row_rule
from facealign.geometry import load_schema


def rule(**changes):
    settings = DataConfig.model_validate(changes)
    return row_rule(settings, settings.open_source(), load_schema(settings.landmarks))


@pytest.mark.parametrize(
    "changes",
    [
        {"crop": {"size": 64}},
        {"crop": {"margin": 1.5}},
        {"landmarks": "wflw98"},
        {"shards": {"encoding": "png"}},
        {"shards": {"quality": 90}},
        {"synthetic": {"size": 128}},
    ],
)
def test_what_decides_a_row_changes_its_rule(changes):
    assert rule(**changes) != rule()


@pytest.mark.parametrize(
    "changes", [{"shards": {"megabytes": 3}}, {"validation": 0.3}, {"max_quarantined": 0.5}, {"root": "elsewhere"}]
)
def test_what_does_not_decide_a_row_leaves_it(changes):
    assert rule(**changes) == rule()


def test_the_quality_of_jpeg_does_not_matter_to_png():
    first, second = (rule(shards={"encoding": "png", "quality": quality}) for quality in (50, 90))
    assert first == second


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A module of the package that imports another one when it is called."""
    import facealign.data

    folder = tmp_path / "extra"
    folder.mkdir()
    (folder / "made_up.py").write_text(
        "def load():\n    from facealign.data.made_up_helper import read\n    return read()\n"
    )
    (folder / "made_up_helper.py").write_text("def read():\n    return 1\n")
    (folder / "made_up_stranger.py").write_text("x = 1\n")
    monkeypatch.setattr(facealign.data, "__path__", [*facealign.data.__path__, str(folder)])
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if "made_up" in name]:
        del sys.modules[name]
    code_digest.cache_clear()


@pytest.mark.parametrize(
    ("file", "counts"), [("made_up", True), ("made_up_helper", True), ("made_up_stranger", False)]
)
def test_code_counts_where_it_is_imported_however_late(package, file, counts):
    before = code_digest("facealign.data.made_up")
    path = package / f"{file}.py"
    path.write_text(path.read_text() + "# fixed\n")
    code_digest.cache_clear()
    assert (code_digest("facealign.data.made_up") != before) == counts

"""`facealign export`: the file proves itself, and a bad one is not left behind."""

import sys

import onnxruntime
import pytest

from facealign.cli.main import main as facealign
from facealign.config import UserError
from facealign.data.shards.index import Index
from facealign.training import InputSpec, save_model
from facealign.workflows import export as command
from methods.small import SMALL, small_method

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def model_folder(tiny_shards, tiny_job, tmp_path_factory):
    index = Index.load(tiny_shards)
    folder = tmp_path_factory.mktemp("export") / "model"
    job = tiny_job.model_copy(update={"method": "anisotropic", "model": SMALL["anisotropic"]})
    save_model(folder, small_method("anisotropic"), job, InputSpec(crop=index.crop, landmarks=index.landmarks))
    return folder


def test_the_file_gives_the_models_landmarks(model_folder, tmp_path, monkeypatch, capsys):
    out = tmp_path / "deep" / "model.onnx"
    monkeypatch.setattr("sys.argv", ["facealign", "export", str(model_folder), str(out)])
    with pytest.raises(SystemExit) as exit_:
        facealign()
    assert exit_.value.code == 0
    assert "px with 1" in (said := capsys.readouterr().out)
    assert "px with 3" in said
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[1:] == [3, 64, 64]
    assert session.get_outputs()[0].shape[1:] == [68, 2]
    assert [path.name for path in out.parent.iterdir()] == ["model.onnx"]


def test_a_file_that_differs_is_not_left_behind(model_folder, tmp_path, monkeypatch):
    honest = command.difference_from
    monkeypatch.setattr(command, "difference_from", lambda *arguments: honest(*arguments) + 0.5)
    with pytest.raises(UserError, match=r"not written: its landmarks would be 0\.5 px from the model's"):
        command.export(str(model_folder), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_packages_it_says_what_to_install(model_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"pip install 'facealign\[onnx\]'"):
        command.export(str(model_folder), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())

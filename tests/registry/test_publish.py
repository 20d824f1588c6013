import base64
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facealign.config import UserError
from facealign.data.images import decode_photo
from facealign.inference import FaceAligner
from facealign.inference.card import read_card
from facealign.inference.load import PUBLISHED, load
from facealign.registry import Predictor, add_onnx, log_model
from facealign.tracking import RunHandle, open_run
from tracking.conftest import with_facealign

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


@pytest.fixture(scope="module")
def handle(store):
    return open_run(store, "faces", "publish", "run")


@pytest.fixture(scope="module")
def published(handle, method, crops, card):
    """The model's address, and the folder where the store keeps it."""
    uri = log_model(handle, Predictor(method), crops, card, metadata={"data_digest": "ab"})
    return uri, Path(_logged(handle, uri).artifact_location.removeprefix("file://"))


def _client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri)


def _logged(handle, uri):
    return _client(handle).get_logged_model(uri.removeprefix("models:/"))


@pytest.mark.parametrize("size", [1, 3, 4])
def test_its_network_predicts_what_the_method_does(published, method, crops, size):
    import mlflow.pytorch

    images = torch.from_numpy(crops[:size])
    landmarks = mlflow.pytorch.load_model(str(published[1]))(images).detach().numpy()
    expected = Predictor(method.eval())(images).detach().numpy()
    assert landmarks.shape == (size, 68, 2)
    assert landmarks.dtype == np.float32
    np.testing.assert_allclose(landmarks, expected, atol=1e-3)


def test_it_is_in_its_run_with_signature_and_metadata(handle, published):
    from mlflow.models import Model

    uri, folder = published
    model = Model.load(str(folder))
    assert model.metadata == {"data_digest": "ab"}
    assert [(column.name, column.required) for column in model.signature.inputs] == [
        ("image", True),
        ("boxes", False),
    ]
    assert model.signature.outputs.input_names() == ["faces", "model"]
    assert len(model.load_input_example(str(folder))) == 2
    assert read_card(folder / PUBLISHED).model == uri
    assert (_logged(handle, uri).status, _logged(handle, uri).source_run_id) == ("READY", handle.run_id)
    assert [output.model_id for output in _client(handle).get_run(handle.run_id).outputs.model_outputs] == [
        uri.removeprefix("models:/")
    ]


def test_no_picture_of_the_data_set_is_published(published, crops):
    picture = crops[0].tobytes()[:64]
    with zipfile.ZipFile(published[1] / PUBLISHED / "model.pt2") as archive:
        assert not any(picture in archive.read(name) for name in archive.namelist())
    for row in json.loads((published[1] / "input_example.json").read_text())["data"]:
        assert not decode_photo(base64.b64decode(row[0]), "the example").any()


def test_the_run_and_the_module_stay_as_they_were(handle, method, crops, card):
    method.train()
    log_model(handle, Predictor(method), crops, card)
    assert method.training
    assert all(weight.requires_grad for weight in method.parameters())
    assert _client(handle).get_run(handle.run_id).info.status == "RUNNING"


def test_its_device_can_be_chosen(published):
    import mlflow.pyfunc

    with pytest.raises(Exception, match="device 'warp': "):  # of the class that the model carries
        mlflow.pyfunc.load_model(str(published[1]), model_config={"device": "warp"})


class _Counting(nn.Module):
    """Predicts something else at every call; an exported program cannot follow."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, images):
        self.calls += 1
        return images.float().mean((2, 3)).unsqueeze(-1).expand(-1, -1, 2) * self.calls


class _Frozen(nn.Module):
    """Treats a batch of two, with which programs are exported, otherwise than others: frozen to that size."""

    def forward(self, images):
        landmarks = images.float().mean((2, 3)).unsqueeze(-1).expand(-1, -1, 2)
        return landmarks if images.shape[0] == 2 else landmarks + 1


@pytest.mark.parametrize("module", [_Counting(), _Frozen()])
def test_a_model_that_comes_back_different_is_refused(handle, crops, card, module):
    with pytest.raises(RuntimeError, match=r"published model models:/m-\w+ .*torch.export"):
        log_model(handle, module, crops, card, name="different")
    (model, *_) = _client(handle).search_logged_models([handle.experiment_id], "name = 'different'")
    assert model.status == "FAILED"


@pytest.mark.parametrize("example", [np.zeros((0, 3, 8, 8), np.uint8), np.zeros((2, 3, 8, 8), np.float32)])
def test_an_example_that_is_no_batch_of_crops_is_refused(handle, method, card, example):
    with pytest.raises(ValueError, match=r"give uint8 \(B, 3, S, S\)"):
        log_model(handle, Predictor(method), example, card)


def test_without_a_server_the_message_has_its_address(method, crops, card, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"MLflow at http://127.0.0.1:9 does not answer"):
        log_model(RunHandle("http://127.0.0.1:9", "1", "run", "run"), Predictor(method), crops, card)


ASKED = """\
import json, sys
sys.modules["facealign"] = None  # whoever imports it fails
import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations

model = mlflow.pyfunc.load_model(sys.argv[1])
schema = model.metadata.get_input_schema()
answers = []
for body in json.load(sys.stdin):
    try:
        answer = invocations(body, "application/json", model, schema)
        answers.append([answer.status, answer.response])
    except MlflowException as error:
        answers.append([error.get_http_status_code(), error.message])
json.dump(answers, sys.stdout)
"""


def _process(script, folder, told=""):
    """What a process of its own prints."""
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, input=told, capture_output=True, text=True, env=with_facealign(), check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _body(*rows):
    return json.dumps({"dataframe_records": list(rows)})


def test_it_is_served_without_facealign_and_says_what_is_wrong(published, method, crops, card):
    pixels, box = crops[0].transpose(1, 2, 0), [8.0, 8.0, 24.0, 24.0]
    good = {"image": pixels.tolist(), "boxes": [box]}
    split = {"dataframe_split": {"columns": ["image", "boxes"], "data": [[pixels.tolist(), [box]]]}}
    bodies = {
        "good": _body(good),
        "split": json.dumps(split),
        "one with and one without boxes": _body(good, {"image": pixels.tolist(), "boxes": []}),
        "no rows": _body(),
        "other columns": _body({"picture": 1}),
        "a broken row": _body(good, {"image": "http://127.0.0.1/a.jpg", "boxes": []}),
        "a NaN": _body(good).replace("24.0", "NaN"),
        "a list": "[]",
        "for a chat": json.dumps({"messages": [{"role": "user", "content": "hello"}]}),
        "cut short": _body(good)[:-9],
    }
    answers = dict(zip(bodies, _process(ASKED, published[1], json.dumps(list(bodies.values()))), strict=True))
    status = {name: answer[0] for name, answer in answers.items()}
    served = ["good", "split", "one with and one without boxes"]
    assert status == {name: 200 if name in served else 400 for name in bodies}, answers
    assert "row 1, image: is not base64" in answers["a broken row"][1]
    assert "row 0, boxes: " in answers["a NaN"][1]
    aligner = FaceAligner(card, lambda crops: Predictor(method.eval())(torch.from_numpy(crops)).detach().numpy())
    (face,) = aligner.predict(pixels, [box])
    for name in served:
        predicted = json.loads(answers[name][1])["predictions"][0]
        np.testing.assert_allclose(predicted["faces"][0]["landmarks"], face.landmarks, atol=1e-3)
        assert predicted["model"]["model"] == published[0]
    assert json.loads(answers["one with and one without boxes"][1])["predictions"][1]["faces"] == []


WITHOUT_TORCH = """\
import json, sys
sys.modules["torch"] = None
import numpy as np
from facealign import inference

model = inference.load(sys.argv[1], runtime="onnx")
image = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)
json.dump([face.landmarks.tolist() for face in model.predict(image, [[8, 8, 30, 30]] * 3)], sys.stdout)
"""


def test_an_onnx_file_joins_it_and_runs_without_torch(handle, published, caplog):
    assert add_onnx(handle.uri, published[0])
    assert [entry.getMessage() for entry in caplog.records if entry.levelname != "DEBUG"] == []
    written = (published[1] / PUBLISHED / "model.onnx").stat().st_mtime_ns
    assert add_onnx(handle.uri, published[0])
    assert (published[1] / PUBLISHED / "model.onnx").stat().st_mtime_ns == written
    image = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)
    by_torch = load(published[0], tracking_uri=handle.uri).predict(image, [[8, 8, 30, 30]] * 3)
    by_onnx = _process(WITHOUT_TORCH, published[1])
    np.testing.assert_allclose(by_onnx, [face.landmarks for face in by_torch], atol=1e-2)


def test_without_the_packages_there_is_no_onnx_file(handle, published, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert not add_onnx(handle.uri, published[0])


def test_a_model_that_an_older_version_logged_has_to_be_trained_again(handle):
    model = _client(handle).create_logged_model(handle.experiment_id, "old", handle.run_id)
    with pytest.raises(UserError, match=f"{model.model_id} holds no {PUBLISHED}.*Train it again"):
        add_onnx(handle.uri, f"models:/{model.model_id}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("models:/nobody@champion", "refuses what it is asked"),
        ("models:/nobody/1", "refuses what it is asked"),
        ("models:/nobody", "write models:/NAME@ALIAS"),
    ],
)
def test_a_model_that_is_not_there(handle, address, said):
    with pytest.raises(UserError, match=said):
        load(address, tracking_uri=handle.uri)

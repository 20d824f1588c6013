import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facealign.config import UserError
from facealign.registry import Predictor, log_model
from facealign.tracking import RunHandle, open_run

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


@pytest.fixture(scope="module")
def handle(store):
    return open_run(store, "faces", "publish", "run")


@pytest.fixture(scope="module")
def published(handle, method, crops):
    """The model's address, and the folder where the store keeps it."""
    uri = log_model(handle, Predictor(method), crops, metadata={"data_digest": "ab"})
    return uri, Path(_logged(handle, uri).artifact_location.removeprefix("file://"))


def _client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri)


def _logged(handle, uri):
    return _client(handle).get_logged_model(uri.removeprefix("models:/"))


@pytest.mark.parametrize("flavour", ["pyfunc", "pytorch"])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_published_model_predicts_what_the_method_does(published, method, crops, flavour, size):
    import mlflow.pyfunc
    import mlflow.pytorch

    folder = str(published[1])
    images = torch.from_numpy(crops[:size])
    if flavour == "pyfunc":
        landmarks = mlflow.pyfunc.load_model(folder).predict(crops[:size])
    else:
        landmarks = mlflow.pytorch.load_model(folder)(images).detach().numpy()
    method.eval()
    expected = method.decode(method(images)).detach().numpy()
    assert landmarks.shape == (size, 68, 2)
    assert landmarks.dtype == np.float32
    np.testing.assert_allclose(landmarks, expected, atol=1e-3)


def test_it_is_in_its_run_with_signature_and_metadata(handle, published):
    from mlflow.models import Model

    uri, folder = published
    model = Model.load(str(folder))
    assert model.metadata == {"data_digest": "ab"}
    assert str(model.signature.inputs).count("(-1, 3, 32, 32)") == str(model.signature.inputs).count("uint8") == 1
    assert str(model.signature.outputs).count("(-1, 68, 2)") == str(model.signature.outputs).count("float32") == 1
    assert (_logged(handle, uri).status, _logged(handle, uri).source_run_id) == ("READY", handle.run_id)
    assert [output.model_id for output in _client(handle).get_run(handle.run_id).outputs.model_outputs] == [
        uri.removeprefix("models:/")
    ]


def test_a_machine_with_a_gpu_loads_it_on_its_cpu(published):
    from mlflow.models import Model

    assert Model.load(str(published[1])).flavors["python_function"]["config"] == {"device": "cpu"}


def test_no_picture_of_the_data_set_is_published(published, crops):
    picture = crops[0].tobytes()[:64]
    with zipfile.ZipFile(published[1] / "data" / "model.pt2") as archive:
        assert not any(picture in archive.read(name) for name in archive.namelist())
    numbers = set((published[1] / "input_example.json").read_text()) & set("123456789")
    assert not numbers


def test_the_run_and_the_module_stay_as_they_were(handle, method, crops):
    method.train()
    log_model(handle, Predictor(method), crops)
    assert method.training
    assert all(weight.requires_grad for weight in method.parameters())
    assert _client(handle).get_run(handle.run_id).info.status == "RUNNING"


class _Counting(nn.Module):
    """Predicts something else at every call; an exported program cannot follow."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, images):
        self.calls += 1
        return images.float().mean((2, 3)).unsqueeze(-1).expand(-1, -1, 2) * self.calls


class _Frozen(nn.Module):
    """Treats a batch of the example's size otherwise than all others: the program is frozen to that size."""

    def forward(self, images):
        landmarks = images.float().mean((2, 3)).unsqueeze(-1).expand(-1, -1, 2)
        return landmarks if images.shape[0] == 4 else landmarks + 1


@pytest.mark.parametrize("module", [_Counting(), _Frozen()])
def test_a_model_that_comes_back_different_is_refused(handle, crops, module):
    with pytest.raises(RuntimeError, match=r"published model models:/m-\w+ .*torch.export"):
        log_model(handle, module, crops, name="different")
    (model, *_) = _client(handle).search_logged_models([handle.experiment_id], "name = 'different'")
    assert model.status == "FAILED"


@pytest.mark.parametrize("example", [np.zeros((1, 3, 8, 8), np.uint8), np.zeros((2, 3, 8, 8), np.float32)])
def test_an_example_that_would_freeze_the_model_is_refused(handle, method, example):
    with pytest.raises(ValueError, match=r"give uint8 \(B, 3, S, S\) with B at least 2"):
        log_model(handle, Predictor(method), example)


def test_without_a_server_the_message_has_its_address(method, crops, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"MLflow at http://127.0.0.1:9 does not answer"):
        log_model(RunHandle("http://127.0.0.1:9", "1", "run", "run"), Predictor(method), crops)

import threading

import psutil
import pytest
import torch

from facealign.tracking import RunHandle, TrackingSettings, open_run, system_metrics
from facealign.tracking.system import Machine, gpus

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow under SQLAlchemy 2.1


def _sampled(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri).get_run(handle.run_id).data.metrics


def test_a_machine_is_measured_in_its_units(tmp_path):
    metrics = Machine(tmp_path).measure()
    assert 0 <= metrics["cpu_utilization_percentage"] <= 100
    assert 0 < metrics["system_memory_usage_megabytes"] < psutil.virtual_memory().total / 1e6
    assert metrics["disk_available_megabytes"] > 0
    assert all(value >= 0 for value in metrics.values())


def test_samples_are_in_the_run_under_their_node(store, tmp_path):
    settings = store.model_copy(update={"sample_every": 0.05})
    handle = open_run(settings, "faces", "system", "run")
    with system_metrics(handle, tmp_path, "10.0.0.1:8265"):
        threading.Event().wait(0.3)
    sampled = _sampled(handle)
    assert sampled["system/10.0.0.1-8265/system_memory_usage_megabytes"] > 0
    assert {key.split("/")[:2] == ["system", "10.0.0.1-8265"] for key in sampled} == {True}
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize("sample_every", [None, 1000.0])
def test_a_block_ends_without_waiting_for_the_next_sample(store, tmp_path, sample_every):
    handle = open_run(store.model_copy(update={"sample_every": sample_every}), "faces", f"{sample_every}", "run")
    with system_metrics(handle, tmp_path, "node"):
        pass
    assert bool(_sampled(handle)) is (sample_every is not None)


def test_what_goes_wrong_with_measuring_does_not_reach_the_block(store, tmp_path, monkeypatch, caplog):
    def fail():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(psutil, "virtual_memory", fail)
    handle = open_run(store.model_copy(update={"sample_every": 0.01}), "faces", "broken-system", "run")
    with system_metrics(handle, tmp_path, "node"):
        threading.Event().wait(0.1)
    assert "no longer sampled: no such counter" in caplog.text


def test_a_disk_that_takes_no_spool_does_not_reach_the_block(store, tmp_path, caplog):
    (tmp_path / "file").touch()
    with system_metrics(open_run(store, "faces", "no-disk", "run"), tmp_path / "file", "node"):
        pass
    assert "is not sampled" in caplog.text


@pytest.mark.parametrize("database", [None, "sqlite:////nowhere/mlflow.db"])
def test_nothing_is_sampled_where_nobody_listens_or_the_store_is_out_of_sight(tmp_path, database):
    with system_metrics(RunHandle(database, "1", "run", "run") if database else None, tmp_path, "node"):
        pass
    assert not list(tmp_path.iterdir())


def test_the_interval_is_positive():
    with pytest.raises(ValueError, match="greater than 0"):
        TrackingSettings(sample_every=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_memory_of_a_device_in_use_is_measured():
    kept = torch.zeros(1 << 28, dtype=torch.uint8, device="cuda")
    assert gpus()["gpu_0_memory_usage_megabytes"] > kept.nbytes / 1e6

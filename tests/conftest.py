"""What every test may lean on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from facealign.training import TrainJob

REPOSITORY = Path(__file__).resolve().parents[1]

# No test is timed: on a busy machine an example may take as long as it takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


ON_A_CLUSTER = (
    "tests/cluster/",
    "tests/pipelines/",
    "tests/papers/test_reproduce.py",
    "tests/tracking/test_server.py",
)
"""Files whose tests may need a Ray cluster: pytest-xdist runs them in one process."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a test on a Ray cluster that pytest-xdist would not know as one."""
    if item.get_closest_marker("ray") is not None and not item.nodeid.startswith(ON_A_CLUSTER):
        raise pytest.UsageError(
            f"{item.nodeid} is marked `ray`; name its file in ON_A_CLUSTER of tests/conftest.py"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run the tests on a Ray cluster in one process, since two clusters on one host disturb each other."""
    from xdist.scheduler import LoadScopeScheduling

    class OneCluster(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "cluster" if nodeid.startswith(ON_A_CLUSTER) else nodeid

    return OneCluster(config, log)


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave nothing in the user's cache, and take nothing from it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEALIGN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real faces that may lie beside the repository."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real faces at {folder}")
    return folder


@pytest.fixture(scope="session")
def tiny_shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """56 synthetic faces, 64 px, prepared: about 44 to train on, 6 to steer by, 6 to test."""
    from facealign.data.config import DataConfig
    from facealign.data.preparing.prepare import prepare
    from facealign.geometry import CropSettings

    settings = DataConfig(
        source="synthetic", crop=CropSettings(size=64), validation=0.15, synthetic={"train": 50, "test": 6}
    )
    folder = tmp_path_factory.mktemp("tiny") / "shards"
    prepare(settings, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_job(tiny_shards: Path) -> TrainJob:
    """Two epochs of five steps with a very narrow network."""
    from facealign.data.shards.index import Index
    from facealign.training.config import OptimizerConfig, ScheduleConfig, TrainConfig, TrainJob

    train = TrainConfig(
        epochs=2,
        batch_size=8,
        optimizer=OptimizerConfig(name="adam", lr=3e-3),
        schedule=ScheduleConfig(name="cosine"),
        precision="fp32",
        log_every=2,
    )
    return TrainJob(
        method="awing",
        model={"network": {"stacks": 1, "width": 16}},
        train=train,
        shards=str(tiny_shards),
        data_digest=Index.load(tiny_shards).digest,
        seed=3,
    )

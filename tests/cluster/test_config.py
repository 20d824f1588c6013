import json

import pytest

from facealign.cluster.config import ClusterConfig
from facealign.config import ConfigError
from facealign.config.load import load_settings


@pytest.mark.parametrize(("workers", "bounds"), [(3, (3, 3)), ({"min": 1, "max": 4}, (1, 4))])
def test_a_number_or_bounds(workers, bounds, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(f"workers: {json.dumps(workers)}")
    config = load_settings(path, ClusterConfig)
    assert (config.fewest_workers, config.most_workers) == bounds


@pytest.mark.parametrize("workers", ["0", "null", "{min: 0, max: 1}", "{min: 3, max: 2}", "{min: 1}"])
def test_bounds_that_make_no_sense(workers, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(f"workers: {workers}")
    with pytest.raises(ConfigError, match=r"params.yaml:1: workers"):
        load_settings(path, ClusterConfig)

import pytest
from pydantic import ValidationError

from facealign.data.config import DataConfig
from facealign.data.sources.base import SOURCES


def test_each_source_has_a_section_of_its_own():
    assert set(SOURCES) <= set(DataConfig.model_fields)
    assert DataConfig(synthetic={"train": 5}).options.train == 5


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"source": "300-w"}, "source '300-w' is unknown; known are: 300"),
        ({"source": "300w", "root": "faces", "landmarks": "wflw98"}, "it gives: ibug68"),
        ({"source": "300w"}, "needs `root`"),
        ({"validation": 0}, "greater than 0"),
        ({"synthetic": {"faces": 3}}, "Extra inputs are not permitted"),
    ],
)
def test_broken_settings_say_which_rule(settings, rule):
    with pytest.raises(ValidationError, match=rule):
        DataConfig(**settings)

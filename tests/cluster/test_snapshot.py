import pytest

from facealign.cluster.ray_callbacks import repair_snapshot
from facealign.config import UserError

LIST, COPY = "checkpoint_manager_snapshot.json", "checkpoints_before.json"


@pytest.mark.parametrize(
    ("written", "before", "after"),
    [
        ('{"is": "new"}', '{"is": "old"}', '{"is": "new"}'),
        ('{"is": "new"}', None, '{"is": "new"}'),
        ('{"is": "ne', '{"is": "old"}', '{"is": "old"}'),
        ("", '{"is": "old"}', '{"is": "old"}'),
    ],
)
def test_the_last_whole_list_counts(written, before, after, tmp_path):
    (tmp_path / LIST).write_text(written)
    if before is not None:
        (tmp_path / COPY).write_text(before)
    repair_snapshot(str(tmp_path))
    assert (tmp_path / LIST).read_text() == (tmp_path / COPY).read_text() == after
    assert {path.name for path in tmp_path.iterdir()} == {LIST, COPY}


def test_a_list_that_cannot_be_repaired_is_named(tmp_path):
    (tmp_path / LIST).write_text("")
    with pytest.raises(UserError, match=f"{LIST}: damaged"):
        repair_snapshot(str(tmp_path))


def test_without_a_list_there_is_nothing_to_do(tmp_path):
    repair_snapshot(str(tmp_path))
    repair_snapshot("s3://bucket/job")
    assert not list(tmp_path.iterdir())

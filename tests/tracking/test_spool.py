import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.tracking.records import (
    ArtifactRecord,
    DatasetRecord,
    MetricRecord,
    ParamRecord,
    StatusRecord,
    TagRecord,
    from_line,
    to_line,
)
from facealign.tracking.spool import InUse, Spool

_RECORDS = st.one_of(
    st.builds(MetricRecord, st.text(), st.floats(), st.integers(), st.integers(), st.booleans()),
    st.builds(DatasetRecord, *[st.text()] * 5),
    st.builds(ParamRecord, st.text(), st.text()),
    st.builds(TagRecord, st.text(), st.text()),
    st.builds(ArtifactRecord, st.text(), st.text()),
    st.builds(StatusRecord, st.sampled_from(["RUNNING", "FINISHED"]), st.integers()),
)


def _figure(step):
    return MetricRecord("loss", step / 10, step, 1000 + step)


def _read_all(spool):
    return [from_line(line) for line in spool.read(10_000).lines]


@given(_RECORDS)
def test_a_record_is_one_line_and_comes_back_from_it(record):
    line = to_line(record)
    assert "\n" not in line
    assert repr(from_line(line)) == repr(record)  # by repr, for which NaN is NaN


@pytest.mark.parametrize("line", ["", "{", "null", "[1]", '{"kind": "no"}', '{"kind": "tag", "key": "a"}'])
def test_a_line_that_is_no_record_says_so(line):
    with pytest.raises(ValueError, match=r"not a record|Expecting"):
        from_line(line)


def test_records_come_back_in_order_and_from_the_mark_on(tmp_path):
    spool = Spool(tmp_path / "deep" / "spool")
    spool.append(_figure(step) for step in range(5))
    first = spool.read(2)
    assert [from_line(line) for line in first.lines] == [_figure(0), _figure(1)]
    spool.mark_sent(first.end)
    spool.close()

    again = Spool(tmp_path / "deep" / "spool")
    again.append([_figure(5)])
    assert _read_all(again) == [_figure(step) for step in (2, 3, 4, 5)]
    assert again.outstanding() == 4
    again.close()


def test_a_line_torn_by_a_crash_is_cut_off(tmp_path):
    spool = Spool(tmp_path)
    spool.append([_figure(0), _figure(1)])
    spool.close()
    records = tmp_path / "records.jsonl"
    records.write_bytes(records.read_bytes()[:-7])

    again = Spool(tmp_path)
    again.append([_figure(2)])
    assert _read_all(again) == [_figure(0), _figure(2)]
    again.close()


def test_a_line_that_is_still_being_written_is_not_read(tmp_path):
    spool = Spool(tmp_path)
    spool.append([_figure(0)])
    with (tmp_path / "records.jsonl").open("ab") as stream:
        stream.write(b'{"kind": "met')
    assert _read_all(spool) == [_figure(0)]
    spool.close()


def test_a_mark_behind_the_end_is_drawn_back(tmp_path):
    """A power cut may lose records whose delivery is already noted."""
    spool = Spool(tmp_path)
    spool.append([_figure(0), _figure(1)])
    spool.mark_sent(spool.read(2).end)
    spool.close()
    (tmp_path / "records.jsonl").write_bytes(b"")

    again = Spool(tmp_path)
    again.append([_figure(2)])
    assert _read_all(again) == [_figure(2)]
    again.close()


def test_a_kept_file_outlives_and_does_not_follow_its_original(tmp_path):
    original = tmp_path / "curve.csv"
    original.write_text("first")
    spool = Spool(tmp_path / "spool")
    first = spool.keep(original)
    original.write_text("second")
    second = spool.keep(original)
    original.unlink()
    assert [(spool.folder / name).read_text() for name in (first, second)] == ["first", "second"]
    assert first.endswith("/curve.csv")
    spool.close()


def test_threads_do_not_tear_each_others_lines(tmp_path):
    spool = Spool(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda step: spool.append([_figure(step)] * 3), range(200)))
    read = _read_all(spool)
    assert len(read) == 600
    assert math.isclose(sum(record.value for record in read), 3 * sum(range(200)) / 10)
    spool.close()


def test_only_one_has_it_open(tmp_path):
    spool = Spool(tmp_path)
    with pytest.raises(InUse):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()

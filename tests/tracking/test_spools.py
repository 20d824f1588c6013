import subprocess
import sys

import pytest

from facealign.tracking import RunHandle
from facealign.tracking.handles import read_handle
from facealign.tracking.records import MetricRecord, StatusRecord
from facealign.tracking.spools import claim, last_status, left, release
from tracking.conftest import with_facealign

RUN = RunHandle("http://host", "1", "run", "a name")
FIGURE = MetricRecord("loss", 1.0, 1, 1)

DYING = """
import os, signal, sys
from pathlib import Path
from facealign.tracking import RunHandle
from facealign.tracking.records import MetricRecord
from facealign.tracking.spools import claim
claim(RunHandle("http://host", "1", "run", "a name"), Path(sys.argv[1])).append([MetricRecord("loss", 1.0, 1, 1)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def _deliver(spool):
    spool.mark_sent(spool.read(1000).end)


def test_each_writer_has_a_spool_of_its_own(tmp_path):
    spools = [claim(RUN, tmp_path) for _ in range(3)]
    assert [spool.folder.name for spool in spools] == ["0", "1", "2"]
    assert read_handle(tmp_path / "run") == RUN
    for spool in spools:
        release(spool)


def test_the_next_writer_goes_on_with_what_the_last_one_left(tmp_path):
    first = claim(RUN, tmp_path)
    first.append([FIGURE])
    release(first)
    second = claim(RUN, tmp_path)
    assert (second.folder, second.outstanding()) == (first.folder, 1)
    release(second)


def test_the_next_writer_goes_on_where_one_was_killed(tmp_path):
    died = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False, env=with_facealign())
    assert died.returncode == -9
    spool = claim(RUN, tmp_path)
    assert (spool.folder.name, spool.outstanding()) == ("0", 1)
    release(spool)


def test_what_is_delivered_goes_and_takes_the_run_folder_along(tmp_path):
    busy, done = claim(RUN, tmp_path), claim(RUN, tmp_path)
    done.append([FIGURE])
    _deliver(done)
    release(done)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["0", "run.json"]
    release(busy)
    assert not (tmp_path / "run").exists()


def test_what_was_refused_stays(tmp_path):
    spool = claim(RUN, tmp_path)
    spool.refuse("a line", "a reason")
    release(spool)
    assert (tmp_path / "run" / "0" / "refused.jsonl").exists()
    again = claim(RUN, tmp_path)
    assert again.outstanding() == 0
    release(again)


def test_what_others_left_is_claimed_and_what_they_have_open_is_not(tmp_path):
    busy, done = claim(RUN, tmp_path), claim(RUN, tmp_path)
    done.append([FIGURE])
    release(done)
    found = []
    for spool in left(tmp_path / "run"):
        found.append(spool.folder.name)
        release(spool)
    assert found == ["1"]
    release(busy)


@pytest.mark.parametrize(
    ("ends", "last"), [((), None), ((("KILLED", 5), ("FINISHED", 9), ("FAILED", 7)), "FINISHED")]
)
def test_the_last_end_is_the_latest_of_all_spools(tmp_path, ends, last):
    spools = [claim(RUN, tmp_path) for _ in range(3)]
    for spool, end in zip(spools, ends, strict=False):
        spool.append([FIGURE, StatusRecord(*end)])
    assert last_status(tmp_path / "run") == last
    for spool in spools:
        release(spool)

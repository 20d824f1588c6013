import json
import logging
import threading
import time

import pytest

from facealign.config import UserError
from facealign.tracking.forwarder import Forwarder, Refused, drain
from facealign.tracking.records import MetricRecord, ParamRecord
from facealign.tracking.spool import Spool

PAUSE = 0.02


class Memory:
    """A sink in memory, which can be away, hang, or refuse a key."""

    def __init__(self, refused=()):
        self.taken, self.calls, self.refused = [], 0, set(refused)
        self.there = threading.Event()
        self.there.set()
        self.hanging = threading.Event()

    def deliver(self, records, spool):
        self.calls += 1
        while self.hanging.is_set():
            time.sleep(PAUSE)
        if not self.there.is_set():
            raise ConnectionError("nobody listens")
        for record in records:
            if record.key in self.refused:
                raise Refused(f"{record.key} is no name")
        self.taken.extend(records)


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


def _metrics(count, key="loss"):
    return [MetricRecord(key, float(step), step, step) for step in range(count)]


def test_everything_arrives_in_order_in_batches(spool):
    sink = Memory()
    forwarder = Forwarder(spool, sink, PAUSE)
    for figure in _metrics(2500):
        spool.append([figure])
    assert forwarder.close(timeout=5) == 0
    assert sink.taken == _metrics(2500)
    assert sink.calls < 100


def test_an_outage_delays_and_loses_nothing(spool, caplog):
    caplog.set_level(logging.INFO, "facealign")
    sink = Memory()
    sink.there.clear()
    forwarder = Forwarder(spool, sink, PAUSE)
    spool.append(_metrics(10))
    while sink.calls < 2:
        time.sleep(PAUSE)
    sink.there.set()
    assert forwarder.close(timeout=5) == 0
    assert sink.taken == _metrics(10)
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1  # once for an outage, not once for an attempt
    assert "nobody listens" in warned[0].getMessage()
    assert "tracking is back" in caplog.text


@pytest.mark.parametrize("trouble", ["away", "hanging"])
def test_close_is_bounded_and_the_spool_is_let_go_when_the_thread_ends(spool, trouble):
    sink = Memory()
    free = threading.Event()
    if trouble == "away":
        sink.there.clear()
    else:
        sink.hanging.set()
    forwarder = Forwarder(spool, sink, PAUSE, let_go=lambda spool: free.set())
    spool.append(_metrics(3))
    assert forwarder.close(timeout=0.2) == 3
    assert free.is_set() is (trouble == "away")
    sink.hanging.clear()
    assert free.wait(5)


def test_what_is_refused_holds_nothing_back(spool, caplog):
    sink = Memory(refused={"a@b"})
    spool.append([*_metrics(3), *_metrics(1, key="a@b"), ParamRecord("lr", "0.1")])
    drain(spool, sink)
    assert sink.taken == [*_metrics(3), ParamRecord("lr", "0.1")]
    assert spool.outstanding() == 0
    aside = [json.loads(line) for line in (spool.folder / "refused.jsonl").read_text().splitlines()]
    assert [(entry["reason"], json.loads(entry["line"])["key"]) for entry in aside] == [("a@b is no name", "a@b")]
    assert "a@b is no name" in caplog.text


def test_a_sink_that_fails_with_a_message_for_the_user_is_away_and_refuses_nothing(spool):
    class Failing:
        def deliver(self, records, spool):
            raise UserError("no such host")

    spool.append(_metrics(3))
    with pytest.raises(UserError, match="no such host"):
        drain(spool, Failing())
    assert spool.outstanding() == 3
    assert not (spool.folder / "refused.jsonl").exists()


def test_a_broken_line_in_the_middle_is_put_aside(spool):
    sink = Memory()
    spool.append(_metrics(1))
    with (spool.folder / "records.jsonl").open("ab") as stream:
        stream.write(b"\x00\xff\n")
    spool.append([ParamRecord("lr", "0.1")])
    drain(spool, sink)
    assert sink.taken == [*_metrics(1), ParamRecord("lr", "0.1")]
    assert (spool.folder / "refused.jsonl").read_text().count("\n") == 1

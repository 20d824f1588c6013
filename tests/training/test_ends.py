"""When a training measures, saves, and ends."""

import pytest

from facealign.training import World, fit
from facealign.training.callback import UNMEASURED
from facealign.training.progress import EpochRecord, Progress
from facealign.training.run import TrainingRun
from training.changed import with_train
from training.test_fit import Recorder, assert_same_weights


class Scores(Recorder):
    """Keeps the score and the position of every checkpoint."""

    def __init__(self, folder):
        super().__init__(folder)
        self.scores = []

    def checkpoint(self, folder, score):
        super().checkpoint(folder, score)
        self.scores.append(score)


@pytest.fixture
def measuring(monkeypatch):
    """Lets validations find the given NMEs instead of measuring."""

    def start(*nmes):
        found = iter(nmes)
        monkeypatch.setattr(TrainingRun, "validate", lambda self: next(found))

    return start


def history(*nmes):
    return tuple(
        EpochRecord(epoch=i, loss=1.0, validation_nme=nme, lr=0.1, images_per_second=1.0, seconds=1.0)
        for i, nme in enumerate(nmes, start=1)
    )


@pytest.mark.parametrize(
    ("nmes", "best", "since"),
    [
        ((), None, 0),
        ((None, None), None, 0),
        ((0.3,), 1, 0),
        ((0.3, 0.2, 0.2), 2, 1),
        ((None, 0.2, None, 0.3, None, 0.4), 2, 2),
        ((0.2, 0.3, 0.1, None), 3, 0),
    ],
)
def test_only_measured_epochs_count(nmes, best, since):
    progress = Progress(epoch=len(nmes), history=history(*nmes))
    assert (progress.best.epoch if progress.best else None) == best
    assert progress.measured_since_best == since


def test_a_tracker_is_reported_of_an_nme_where_there_is_one():
    assert Progress(history=history(0.3, 0.4)).metrics() == {
        "epoch": 2.0,
        "validation/nme": 0.4,
        "validation/best_nme": 0.3,
    }
    assert Progress(history=history(0.3, None)).metrics() == {"epoch": 2.0}


@pytest.mark.thorough
def test_it_stops_when_nothing_gets_better(tiny_job, tmp_path, measuring):
    measuring(0.5, 0.4, 0.45, 0.41, 0.3)
    job = with_train(tiny_job, epochs=9, early_stop=2)
    events = Recorder(tmp_path / "last")
    progress = fit(job, World(), events)
    assert progress.epoch == 4
    assert progress.is_done(job.train)
    assert progress.best.epoch == 2
    again = Recorder(tmp_path / "again")
    assert fit(job, World(), again, resume_from=events.folder) == progress
    assert not again.epochs


@pytest.mark.thorough
def test_epochs_between_measurements_have_none(tiny_job, tmp_path, measuring):
    measuring(0.5, 0.4, 0.3)
    events = Scores(tmp_path / "last")
    progress = fit(with_train(tiny_job, epochs=5, evaluate_every=2), World(), events)
    assert [record.validation_nme for record in progress.history] == [None, 0.5, None, 0.4, 0.3]
    assert events.scores == [UNMEASURED, 0.5, UNMEASURED, 0.4, 0.3]


@pytest.mark.thorough
def test_patience_counts_measurements(tiny_job, tmp_path, measuring):
    measuring(0.3, 0.4, 0.5)
    progress = fit(
        with_train(tiny_job, epochs=9, evaluate_every=2, early_stop=1), World(), Recorder(tmp_path / "x")
    )
    assert progress.epoch == 4


@pytest.mark.thorough
def test_checkpoints_within_epochs(tiny_job, tmp_path):
    """Every three steps of the whole training, five of which are an epoch; it can go on from any of them."""
    events = Scores(tmp_path / "last")
    fit(with_train(tiny_job, checkpoint_every=3), World(), events)
    unmeasured = [score == UNMEASURED for score in events.scores]
    assert unmeasured == [True, False, True, True, False]  # after steps 3, 5, 6, 9, 10

    class Crash(Exception):
        pass

    class Crashing(Scores):
        def checkpoint(self, folder, score):
            super().checkpoint(folder, score)
            if len(self.scores) == 3:
                raise Crash

    first = Crashing(tmp_path / "first")
    with pytest.raises(Crash):
        fit(with_train(tiny_job, checkpoint_every=3), World(), first)
    second = Recorder(tmp_path / "second")
    fit(with_train(tiny_job, checkpoint_every=3), World(), second, resume_from=first.folder)
    assert_same_weights(second.folder, events.folder)

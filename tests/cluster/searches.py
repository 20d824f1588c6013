"""A search of six trials, small enough to be run several times, and what the tests of searches share."""

from functools import partial

import psutil

from cluster.search_driver import job_with
from facealign.cluster.config import ClusterConfig
from facealign.cluster.search.run import search_session
from facealign.search.file import SearchFile
from facealign.search.plan import SearchPlan
from facealign.search.storage import open_storage
from facealign.search.study import SearchStudy

SEARCH = {
    "name": "small",
    "method": "awing",
    "space": {
        "train.optimizer.lr": {"low": 1e-6, "high": 1e30, "log": True},
        "model.loss.params.alpha": {"low": 2.02, "high": 3.0},
    },
    "initial_trials": [
        {"train.optimizer.lr": 3e-3, "model.loss.params.alpha": 2.1},
        {"train.optimizer.lr": 1e-6, "model.loss.params.alpha": 2.1},  # learns too little to pass the first rung
        {"train.optimizer.lr": 1e30, "model.loss.params.alpha": 2.1},  # leaves the numbers
        {"train.optimizer.lr": 5e-3, "model.loss.params.alpha": 2.5},
    ],
    "sampler": {"name": "random"},
    "pruner": {"name": "asha", "first": 1, "factor": 2},
    "budget": {"trials": 3},
}
TIMES = {"seconds", "started", "ended", "run_id"}


def study_in(folder, job, search=SEARCH):
    plan = SearchPlan(SearchFile.model_validate(search), {"job": job.name}, job.train.epochs)
    return SearchStudy(plan, open_storage(None, folder, alone=True))


def run(study, job, folder, on_event=lambda event: None, **options):
    """Run a study's trials one after the other, as plain trainings."""
    config = ClusterConfig(workers=1, storage=str(folder / "runs"), max_failures=1)
    with search_session(str(folder / "search"), config, folder / "spool", on_event) as cluster:
        return cluster.run(study, partial(job_with, job), **{"concurrency": 1, **options})


def content(rows):
    """The rows without what differs from one machine's moment to the next."""
    return [row.model_dump(exclude=TIMES) for row in rows]


def trial_processes():
    """Those of Tune's trials in Ray clusters that this process has started."""
    mine = psutil.Process().children(recursive=True)
    return [process for process in mine if "ImplicitFunc" in " ".join(process.cmdline())]

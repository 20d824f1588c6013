"""A search that takes milliseconds: ``python toy.py FOLDER``.

Trials have four epochs; the "NME" after each is a function of two parameters. A line ``number epoch`` goes to
standard output before each is put on record, so that a test knows when to kill.
"""

import sys
from pathlib import Path

import optuna

from facealign.search.plan import Queued, SearchLimits
from facealign.search.pruners import ASHASettings, build_pruner
from facealign.search.samplers import TPESettings, build_sampler
from facealign.search.space import Space
from facealign.search.storage import open_storage
from facealign.search.study import Asked, SearchStudy

EPOCHS = 4
SPACE = Space.model_validate(
    {"train.x": {"low": 0.0, "high": 1.0}, "train.y": {"low": 1.0, "high": 9.0, "int": True}}
)


class ToyPlan:
    name = "toy-0"
    objectives = ("nme",)
    rungs = (1, 2)
    queue = (Queued({"train.x": 0.3, "train.y": 4}),)

    def __init__(self, **limits):
        self.limits = SearchLimits(**limits)
        self.fixed = {"train.epochs": EPOCHS}

    def sampler(self, number):
        return build_sampler(TPESettings(startup=3), SPACE, seed=7, number=number)

    def pruner(self):
        return build_pruner(ASHASettings(first=1, factor=2), EPOCHS)

    def suggest(self, trial: optuna.Trial):
        return SPACE.suggest(trial)


def open_study(folder: Path, **limits) -> SearchStudy:
    return SearchStudy(ToyPlan(**{"trials": 12, **limits}), open_storage(None, folder, alone=True))


def nme(params, epoch: int) -> float:
    return (params["train.x"] - 0.6) ** 2 + 0.01 * params["train.y"] + 0.1 / epoch


def work(study: SearchStudy, asked: Asked, tell=lambda number, epoch: None) -> None:
    """Train a toy, going on after the epochs that it has had."""
    if asked.number % 5 == 4:
        study.fail(asked.number, "the fourth of five is always ill")
        return
    rungs = dict(asked.rungs)
    for epoch in range(1, EPOCHS + 1):
        if epoch in rungs and epoch < max(rungs):
            continue
        rungs[epoch] = nme(asked.params, epoch)
        tell(asked.number, epoch)
        if study.report(asked.number, rungs, epoch, judge=epoch < EPOCHS):
            study.prune(asked.number)
            return
    study.complete(asked.number, {"nme": min(rungs.values())})


def finish(study: SearchStudy, tell=lambda number, epoch: None) -> None:
    while (asked := study.ask()) is not None:
        work(study, asked, tell)


if __name__ == "__main__":
    finish(open_study(Path(sys.argv[1])), lambda number, epoch: print(number, epoch, flush=True))

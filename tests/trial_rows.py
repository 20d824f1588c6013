"""Searches as plain rows, from an ordinary one to those that have next to nothing to show."""

import numpy as np

from facealign.report.search.context import (
    Command,
    ConfirmedSetting,
    ParameterRange,
    RandomTrials,
    SearchContext,
)
from facealign.search.importance import Importance
from facealign.search.trial_row import TrialRow

ALPHA, OMEGA, LOSS, THETA = (
    f"method.awing.model.loss.{end}" for end in ("params.alpha", "params.omega", "name", "params.theta")
)
SPACE = {
    LOSS: ParameterRange(choices=("awing", "mse")),
    ALPHA: ParameterRange(low=2.02, high=3.0),
    OMEGA: ParameterRange(low=1.0, high=40.0, log=True),
    THETA: ParameterRange(low=0.05, high=0.95),
}
EPOCHS = {"COMPLETE": 9, "PRUNED": 3, "RUNNING": 2, "FAIL": 0, "WAITING": 0}


def row(number, state="COMPLETE", nme=0.05, params=None, **others):
    """A trial whose curve falls to ``nme`` at its last epoch."""
    epochs = EPOCHS[state]
    return TrialRow(
        **{
            "number": number,
            "state": state,
            "values": (nme,) if state == "COMPLETE" else (),
            "params": settings(number) if params is None else params,
            "rungs": {epoch: nme * (1 + 0.3 * (epochs - epoch)) for epoch in range(1, epochs + 1)},
            "seconds": 10.0 * epochs,
            "epochs": epochs,
            "cause": f"RuntimeError: <b>loss</b> & NaN, {number % 2}" if state == "FAIL" else None,
            **others,
        },
    )


def settings(number):
    """θ exists only where the loss is AWing."""
    draw = np.random.default_rng(number)
    loss = "awing" if number % 3 else "mse"
    chosen = {LOSS: loss, ALPHA: float(draw.uniform(2.02, 3)), OMEGA: float(np.exp(draw.uniform(0, 3.6)))}
    return chosen | ({THETA: float(draw.uniform(0.05, 0.95))} if loss == "awing" else {})


def search(trials=24):
    """Every state there is; the values rise and fall without order."""
    states = ("COMPLETE", "PRUNED", "COMPLETE", "PRUNED", "FAIL", "COMPLETE", "PRUNED", "RUNNING")
    noise = np.random.default_rng(7).lognormal(-3, 0.2, trials)
    return tuple(row(number, states[number % 8], float(noise[number])) for number in range(trials))


def context(rows=(), **others):
    """All that may be known of ``search()``."""
    known = {
        "name": "awing",
        "study": "awing-4f1c03aa91b2",
        "parameters": SPACE,
        "epochs": 9,
        "rungs": (1, 3),
        "random": RandomTrials(source="this search's 7 random trials", rows=tuple(rows)[1:8]),
        "importance": Importance(
            evaluator="PED-ANOVA",
            top=0.4,
            shares={OMEGA: 0.6, THETA: 0.3, ALPHA: 0.1},
            found_in={OMEGA: 9, THETA: 5, ALPHA: 9},
            trials=9,
        ),
        "confirmed": (
            ConfirmedSetting(number=2, values=(0.041, 0.043, 0.042)),
            ConfirmedSetting(number=0, paper=True, values=(0.051, 0.050, 0.053)),
        ),
        "commands": (Command(purpose="Train the winner", line="facealign train awing --set alpha=2"),),
        "lineage": {"data": "9a0c5b1f", "commit": "98b98ac"},
    }
    return SearchContext(**{**known, **others})


def bare(rows=(), **others):
    """What is known at the least, and random trials."""
    random = RandomTrials(source="the first five", rows=tuple(rows)[:5])
    return SearchContext(name="awing", study="awing-4f1c03aa91b2", random=random, **others)


def wide(trials, parameters):
    """Many trials, many parameters."""
    draw = np.random.default_rng(1)

    def value(place):
        return float(draw.random()) if place % 3 else str(draw.choice(["first", "a-very-long-choice", "third"]))

    return tuple(
        row(
            number,
            "PRUNED" if number % 3 else "COMPLETE",
            float(draw.lognormal(-3, 0.2)),
            {
                f"method.awing.model.part_{place}.with_a_long_name_{place}": value(place)
                for place in range(parameters)
            },
        )
        for number in range(trials)
    )


def two_objectives(trials=20):
    """NME against the network's size, nothing pruned."""
    draw = np.random.default_rng(3)
    return tuple(
        row(number, values=(float(nme), float(size)), rungs={})
        for number, (nme, size) in enumerate(
            zip(draw.uniform(0.03, 0.09, trials), draw.uniform(1e6, 9e6, trials), strict=True)
        )
    )

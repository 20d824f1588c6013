"""Importance of each parameter, by PED-ANOVA.

Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", and
its form for conditional parameters: both as Optuna has them. fANOVA leaves a parameter out that any finished
trial is without, so it would say nothing of conditional ones.
"""

import warnings
from collections import Counter
from typing import TYPE_CHECKING

from facealign.config import Settings

if TYPE_CHECKING:
    import optuna

_FEWEST = 4  # finished trials: of fewer, "the best of them" is one or two
_IN_THE_TOP = 5  # trials that PED-ANOVA wants among the best


class Importance(Settings):
    """The importance of each parameter for a trial's being among the best.

    Attributes:
        evaluator: By what method.
        top: Which share of the trials counts as the best.
        shares: The study's parameter → its share, the largest first; they sum to 1.
        found_in: Parameter → finished trials that have it.
        trials: Finished trials in all.
    """

    evaluator: str
    top: float
    shares: dict[str, float]
    found_in: dict[str, int]
    trials: int


def importance(study: "optuna.Study") -> Importance | None:
    """The importance of every parameter that took more than one value; None where the trials cannot tell.

    They cannot with fewer than four finished ones, or when all are equally good, or when nothing varied. The best
    are a tenth of the trials, but five at the least, and half at the most. With several objectives the best are
    those nearest to the Pareto front.
    """
    import optuna

    trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    seen = {(name, repr(value)) for trial in trials for name, value in trial.params.items()}
    varied = sorted(name for name, count in Counter(name for name, _ in seen).items() if count > 1)
    if len(trials) < _FEWEST or not varied or len({tuple(trial.values) for trial in trials}) == 1:
        return None
    best = min(0.5, max(0.1, _IN_THE_TOP / len(trials)))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(
        target_quantile=best, region_quantile=1.0, evaluate_on_local=True
    )
    with warnings.catch_warnings():
        # That few trials have a conditional parameter is said by ``found_in``.
        warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
        warnings.filterwarnings("error", message="Target and region quantiles", category=UserWarning)
        try:
            shares = optuna.importance.get_param_importances(
                study, evaluator=evaluator, params=varied, target=None, normalize=True
            )
        except UserWarning:  # equal values: all trials are among the best
            return None
    return Importance(
        evaluator="PED-ANOVA",
        top=best,
        shares=shares,
        found_in={name: sum(name in trial.params for trial in trials) for name in shares},
        trials=len(trials),
    )

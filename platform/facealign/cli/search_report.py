"""What a search's page says beside its trials."""

from collections.abc import Sequence

from facealign.cli.lineage import git_commit
from facealign.cli.search_file import Search
from facealign.report.search.context import Command, ParameterRange, RandomTrials, SearchContext
from facealign.report.search.context import Confirmed as ConfirmedSetting
from facealign.report.search.write import write_report
from facealign.search.confirm import PAPER, Confirmed
from facealign.search.importance import importance
from facealign.search.parameter import Parameter, Range
from facealign.search.row import TrialRow
from facealign.search.study import SearchStudy


def draw_search(search: Search, study: SearchStudy, again: Sequence[Confirmed] = ()) -> None:
    """Write ``search.html``, the pictures and ``trials.csv``, as the study is now."""
    rows = study.rows()
    best, method = search.places.best, search.file.method
    context = SearchContext(
        name=search.file.name,
        study=study.plan.name,
        objectives=study.plan.objectives,
        parameters={path: _range(parameter) for path, parameter in search.file.space.parameters.items()},
        paper=PAPER if search.file.first else None,
        epochs=search.plan.epochs,
        rungs=study.plan.rungs,
        random=_random(search, rows),
        importance=importance(study.optuna),
        confirmed=tuple(
            ConfirmedSetting(number=one.number, paper=one.is_paper, values=one.values) for one in again
        ),
        commands=(
            Command(purpose="train with the winner's settings", line=f"facealign train {method} --params {best}"),
            Command(
                purpose="put them into params.yaml, and make what they change",
                line=f"facealign apply {best} && dvc repro",
            ),
        ),
        lineage={
            "search file": str(search.path),
            "params file": str(search.started_from),
            "data digest": search.index.digest,
            "commit": git_commit(),
        },
    )
    write_report(search.places.folder, rows, context)


def _range(parameter: Parameter) -> ParameterRange:
    if isinstance(parameter, Range):
        return ParameterRange(low=parameter.low, high=parameter.high, log=parameter.log)
    return ParameterRange(choices=parameter.choices)


def _random(search: Search, rows: Sequence[TrialRow]) -> RandomTrials | None:
    """The trials whose settings were drawn at random: after the paper's, those before the sampler has learnt."""
    first, sampler = len(search.file.first), search.file.sampler
    drawn = {"random": len(rows), "tpe": getattr(sampler, "startup", 0)}.get(sampler.name, 0)
    own = tuple(row for row in rows if first <= row.number < drawn)
    return RandomTrials(source=f"this search's {len(own)} random trials", rows=own) if own else None

"""``facealign reproduce``: the rows of a paper's table trained here, and the table with both numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facealign.config import UserError, digest_json
from facealign.data.shards.index import Index
from facealign.evaluation.papers.grid import Grid, grid
from facealign.evaluation.papers.load import load_table, table_path
from facealign.evaluation.papers.markdown import as_markdown
from facealign.evaluation.papers.prepared import NAMES, Prepared
from facealign.evaluation.papers.results import Conditions, Reproduced, cells, mean_shape_cells
from facealign.evaluation.papers.table import PaperTable
from facealign.evaluation.papers.table_metrics import Measure, ellipses_from
from facealign.workflows import workspace
from facealign.workflows.reproduce_runs import (
    ClusterRuns,
    Outcome,
    PlainRuns,
    Preset,
    Runs,
    TableSettings,
    has_begun,
)
from facealign.workflows.workspace import git_commit, write_json

FOLDER = workspace.OUTPUTS / "reproduced"


@dataclass(frozen=True)
class ReproductionRequest:
    """A request of ``facealign reproduce``.

    Attributes:
        table: Its name, or the path of its file.
        preset: ``small``: the params file as it is; ``paper``: the method's recipe over it.
        params: The params file.
        change: ``key=value`` of the params file.
        seeds: How many; None: as many as the paper's metrics are means of.
        epochs: Of each training; None: as the settings have it.
        go_on: With what an earlier start left.
        plain: Train in this process.
        device: Of a plain training.
    """

    table: str
    preset: Preset = "small"
    params: Path = Path("params.yaml")
    change: Sequence[str] = ()
    seeds: int | None = None
    epochs: int | None = None
    go_on: bool = False
    plain: bool = False
    device: str | None = None


def reproduce(request: ReproductionRequest) -> str:
    """Train what is not trained yet, write ``table.md`` and ``table.json``, and return the Markdown.

    Raises:
        UserError: A setting is wrong, there are no shards or not of the size asked for, or an earlier start left
            something and this one was not asked to go on.
    """
    path = table_path(request.table)
    table = load_table(path)
    settings = TableSettings(table, request.params, request.preset, request.change, request.epochs)
    index = Index.load(workspace.SHARDS)
    settings.require(path, index.landmarks.size)
    _require_crop(settings, index, request.preset)
    folder = FOLDER / table.name
    _require_consent(folder, request.go_on)
    first = settings.base.seed
    seeds = tuple(range(first, first + (request.seeds or table.runs)))
    with _runs(request, settings, table, folder, seeds, index) as runs:
        outcomes = _trained(table, runs, index.landmarks.size)
        found = _reproduced(table, settings, index, request.preset, seeds, outcomes)
        page = as_markdown(found)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "table.md").write_text(page, encoding="utf-8")
        write_json(folder / "table.json", found.as_json())
        workspace.upload(folder)
        runs.publish([folder / "table.md", folder / "table.json"])
    return page


def _require_crop(settings: TableSettings, index: Index, preset: Preset) -> None:
    """Refuse shards that are not cut as the recipe has it."""
    wanted = settings.base.data.crop
    if preset == "paper" and index.crop != wanted:
        raise UserError(
            f"{workspace.SHARDS}: faces are cut at {index.crop.size} px with margin {index.crop.margin:g}, and "
            f"the paper preset asks for {wanted.size} px with margin {wanted.margin:g}; prepare them so "
            "(facealign apply recipes/METHOD.yaml, then dvc repro prepare), or change data.crop with --set"
        )


def _require_consent(folder: Path, go_on: bool) -> None:
    workspace.download(folder)
    if not go_on and has_begun(folder):
        raise UserError(
            f"{folder}: holds what an earlier start has trained; go on with it by --continue, which trains only "
            "what is missing or failed, or remove the folder to train everything anew"
        )


def _runs(
    request: ReproductionRequest,
    settings: TableSettings,
    table: PaperTable,
    folder: Path,
    seeds: tuple[int, ...],
    index: Index,
) -> Runs:
    if request.plain:
        return PlainRuns(settings, table.method, folder, seeds, index.digest, request.device)
    base = {
        "data": index.digest,
        "method": settings.base.section(table.method).model_dump(mode="json"),
        "measures": digest_json(_measured(table)),
    }
    return ClusterRuns(settings, table.method, folder, seeds, index.digest, base)


def _measured(table: PaperTable) -> list[object]:
    """List the metrics of each training, without the columns that are only printed."""
    words = {"title", "unit", "decimals", "faces"}
    columns = {key: column.model_dump(exclude=words) for key, column in table.columns.items()}
    return [columns, sorted({row.curve or "" for row in table.trained})]


def _trained(table: PaperTable, runs: Runs, landmarks: int) -> dict[str, list[Outcome]]:
    """The outcomes of each row, one for each seed; rows that need what another measured come second."""
    independent = [row for row in table.trained if row.ellipses_of is None]
    dependent = [row for row in table.trained if row.ellipses_of is not None]
    measure = Measure(table, ellipses=bool(dependent))
    found = dict(_by_row(grid(table, independent), runs, table.name, measure))
    for source in dict.fromkeys(row.ellipses_of for row in dependent):
        assert source is not None, "of the dependent rows"
        rows = [row for row in dependent if row.ellipses_of == source]
        baseline = found[source][0]
        if isinstance(baseline, str):
            found |= {row.label: [f"{source} failed, whose errors it needs"] for row in rows}
            continue
        ellipses = ellipses_from(baseline, landmarks)
        title = f"{table.name}-ellipses"
        found |= dict(_by_row(grid(table, rows, ellipses), runs, title, Measure(table)))
    return found


def _by_row(trainings: Grid, runs: Runs, title: str, measure: Measure) -> Iterator[tuple[str, list[Outcome]]]:
    outcomes = runs.run(trainings, title, measure)
    return ((label, outcomes[place]) for label, place in trainings.places.items())


def _reproduced(
    table: PaperTable,
    settings: TableSettings,
    index: Index,
    preset: Preset,
    seeds: tuple[int, ...],
    outcomes: dict[str, list[Outcome]],
) -> Reproduced:
    prepared = Prepared.open(workspace.SHARDS)
    train = settings.base.section(table.method).train
    done = {
        label: [metrics for metrics in found if isinstance(metrics, dict)] for label, found in outcomes.items()
    }
    causes = {label: [cause for cause in found if isinstance(cause, str)] for label, found in outcomes.items()}
    any_metrics = next((metrics[0] for metrics in done.values() if metrics), {})
    stands_for = prepared.stands_for(table)
    return Reproduced(
        table=table,
        conditions=Conditions(
            preset=preset,
            source=index.source.name,
            data=NAMES[stands_for],
            stand_in=prepared.name != stands_for,
            landmarks=index.landmarks.name,
            faces=(index.rows("train"), index.rows("val"), index.rows("test")),
            crop=index.crop.size,
            epochs=train.epochs,
            batch_size=train.batch_size,
            seeds=seeds,
            commit=git_commit(),
        ),
        lacking=prepared.lacking(table),
        ours={row.label: cells(table, row, done[row.label]) for row in table.trained},
        mean_shape=mean_shape_cells(table, any_metrics),
        failed={label: "; ".join(dict.fromkeys(found)) for label, found in causes.items() if found},
    )

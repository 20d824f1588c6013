"""Every table from its file to its page, on synthetic faces with tiny networks: two steps of each training."""

import json
import os
from pathlib import Path

import pytest
from safetensors.torch import save_file

from facealign.config import UserError
from facealign.evaluation.papers.load import load_table, table_names, table_path
from facealign.models.resnet import ResNet
from facealign.workflows import reproduce_runs
from facealign.workflows.reproduce import ReproductionRequest, reproduce

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = table_names(REPOSITORY / "search_spaces" / "papers")
SOME = ("adnet-14", "anisotropic-4", "awing-10")
"""A row that needs another's errors, seeds, metrics of the training."""

SETTINGS = """\
data: {crop: {size: 64}}
cluster: {workers: 1}
tracking: {enabled: false}
method:
  adnet: {model: {network: {stacks: 1, width: 16}}, train: &train {epochs: 1, batch_size: 20, precision: fp32}}
  anisotropic: {model: {backbone: {name: resnet18, width: 16}}, train: {epochs: 1, batch_size: 8, precision: fp32}}
  awing: {model: {network: {stacks: 1, width: 16}}, train: *train}
  scc:
    model: {network: {backbone: {name: resnet18, width: 16}, graph: {width: 16, blocks: 1}}}
    train: *train
  subpixel: {model: {network: {stacks: 1, width: 16}}, train: *train}
"""

ONE_ROW = """\
paper: Zhu et al., Structure Coherence Component, 2020
table: 7
method: scc
caption: one row of the paper's
columns:
  nme: {title: NME, figure: nme, data: wflw, faces: 2500}
rows:
  - label: All landmarks
    set: {model.network.graph.k: all}
    printed: {nme: 4.75}
"""


@pytest.fixture
def project(tmp_path, tiny_shards, monkeypatch):
    (tmp_path / "outputs").mkdir()
    os.symlink(tiny_shards, tmp_path / "outputs" / "shards")
    for name in ("recipes", "search_spaces"):
        os.symlink(REPOSITORY / name, tmp_path / name)
    (tmp_path / "params.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dry_run(name, **changes):
    return reproduce(ReproductionRequest(**{"table": name, "plain": True, "device": "cpu", "seeds": 1, **changes}))


def check(name, page, project):
    table = load_table(table_path(name))
    folder = project / "outputs" / "reproduced" / name
    assert (folder / "table.md").read_text() == page
    found = json.loads((folder / "table.json").read_text())
    assert not found["failed"]
    measurable = set(table.columns) - set(found["lacking"])
    assert measurable
    for row in table.trained:
        assert found["ours"][row.label].keys() == measurable
        assert row.label.replace("|", r"\|") in page
    for key in measurable:
        assert all(abs(found["ours"][row.label][key]["mean"]) < 1e9 for row in table.trained)
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SOME else pytest.mark.thorough) for name in NAMES]
)
def test_a_table_from_its_file_to_its_page(name, project):
    found = check(name, dry_run(name), project)
    assert found["conditions"]["stand_in"]
    assert found["conditions"]["source"] == "synthetic"


@pytest.mark.thorough
def test_what_is_trained_is_not_trained_again(project, monkeypatch):
    first = dry_run("awing-6", seeds=2)
    with pytest.raises(UserError, match=r"outputs/reproduced/awing-6: holds what an earlier start has trained"):
        dry_run("awing-6", seeds=2)
    trained = []
    monkeypatch.setattr(reproduce_runs, "train_plain", lambda *arguments: trained.append(arguments))
    assert dry_run("awing-6", seeds=2, go_on=True) == first
    assert not trained
    assert "seeds 0, 1." in first
    assert " ± " in first


def test_a_training_that_fails_is_reported_and_the_rest_goes_on(project):
    page = dry_run("awing-6", change=["method.awing.train.optimizer.lr=1.0e+30", "method.awing.train.epochs=3"])
    found = json.loads((project / "outputs/reproduced/awing-6/table.json").read_text())
    assert len(found["failed"]) == 5
    assert "θ = 0.3 failed: " in page
    assert not list((project / "outputs/reproduced/awing-6").glob("plain/*.json"))


def test_the_paper_preset_asks_for_the_papers_crops(project):
    with pytest.raises(UserError, match=r"cut at 64 px with margin 1.25, and the paper preset asks for 256 px"):
        dry_run("subpixel-3", preset="paper")


@pytest.mark.thorough
def test_the_paper_preset_is_the_recipe_over_the_params(project):
    """As far as it goes on synthetic faces: one step of the cheapest row, with a crop as the shards have it."""
    small = [
        "data.crop.size=64",
        "method.scc.train.batch_size=20",
        "method.scc.model.network.backbone={name: resnet18, width: 16}",
    ]
    page = dry_run("scc-5", preset="paper", epochs=1, change=small)
    assert "Preset `paper`: epochs 1, batch size 20, seeds 0." in page


@pytest.mark.ray
def test_on_the_cluster_and_in_mlflow(project, ray_cluster):
    """The study keeps the metrics; nothing is trained twice; the page is among the artifacts of the parent run."""
    from mlflow import MlflowClient

    uri = f"sqlite:///{project}/mlflow.db"
    change = ["tracking.enabled=true", f"tracking.uri={uri}", f"cluster.storage={project}/runs"]
    page = reproduce(ReproductionRequest("awing-10", epochs=2, change=change))
    check("awing-10", page, project)
    assert (
        "Our epochs at the same share of the training: 1 for 10, 1 for 50, 1 for 100, 1 for 150, 2 for 200" in page
    )
    assert reproduce(ReproductionRequest("awing-10", epochs=2, change=change, go_on=True)) == page
    client = MlflowClient(uri)
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    parents = {run.data.tags.get("mlflow.parentRunId") for run in runs} - {None}
    assert len(runs) == 3
    assert len(parents) == 1
    (parent,) = parents
    assert {file.path for file in client.list_artifacts(parent)} >= {"table.md", "table.json"}


@pytest.mark.ray
def test_a_training_that_failed_is_trained_when_its_cause_is_fixed(project, ray_cluster):
    weights = project / "weights.safetensors"
    (project / "scc-7.yaml").write_text(ONE_ROW)
    change = [f"cluster.storage={project}/runs", f"method.scc.model.network.backbone.weights={weights}"]
    page = reproduce(ReproductionRequest("scc-7.yaml", change=change))
    assert "All landmarks failed: " in page
    assert "no such file of weights" in page
    save_file(ResNet("resnet18", width=16).state_dict(), weights)
    page = reproduce(ReproductionRequest("scc-7.yaml", change=change, go_on=True))
    assert "failed" not in page

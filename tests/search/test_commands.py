"""``facealign search check`` and ``preview``, as a user runs them."""

import json
from pathlib import Path

import pytest

from facealign.cli.main import main as facealign
from params_file import overlay

REPOSITORY = Path(__file__).resolve().parents[2]
AWING = REPOSITORY / "search_spaces" / "awing.yaml"


@pytest.fixture
def run(monkeypatch, capfd):
    monkeypatch.chdir(REPOSITORY)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["facealign", "search", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            facealign()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return exit_.value.code, out, err

    return call


def test_a_file_that_is_right_is_one_line(run):
    code, out, err = run("check", AWING, REPOSITORY / "search_spaces" / "joint.yaml")
    assert (code, err) == (0, "")
    assert [line.split(": ")[1] for line in out.splitlines()] == [
        "7 parameters of awing, all of them in bounds",
        "10 parameters of anisotropic, all of them in bounds",
    ]


def test_all_files_are_checked_and_status_2_tells(run, tmp_path):
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text(AWING.read_text(encoding="utf-8").replace("low: 2.02", "low: 1.0"), encoding="utf-8")
    code, out, err = run("check", paths[0], AWING, paths[1])
    assert code == 2
    assert out.count("\n") == 1
    line = 1 + next(i for i, line in enumerate(paths[0].read_text("utf-8").splitlines()) if "params.alpha" in line)
    for path in paths:
        assert f"{path}:{line}: space.model.loss.params.alpha.low: " in err
    assert err.count("Input should be greater than 2 (found 1.0)") == 2


def test_a_check_goes_by_the_params_file_that_is_named(run, tmp_path):
    params = tmp_path / "other.yaml"
    params.write_text((REPOSITORY / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    overlay(params, {"method": {"awing": {"train": {"evaluate_every": 20}}}})
    code, _, err = run("check", AWING, "--params", params)
    assert code == 2
    assert "train.evaluate_every is 20, so only the last epoch is measured" in err


def test_a_price_from_a_given_epoch(run):
    code, out, _ = run("preview", AWING, "--epoch-seconds", 36)
    assert code == 0
    for part in (
        "|     1 |                  30.0 |",
        "30 trials: ",
        "of the 270 without pruning",
        "36.0 s (given)",
    ):
        assert part in out
    code, out, _ = run("preview", AWING, "--epoch-seconds", 36, "--json")
    found = json.loads(out)
    assert found["device_hours"] == pytest.approx((found["epochs"] + found["confirm_epochs"]) / 100)
    assert [rung["epoch"] for rung in found["rungs"]] == [1, 3, 9]


@pytest.mark.thorough
def test_an_epoch_is_measured_on_real_steps(run, monkeypatch, tmp_path, tiny_shards):
    monkeypatch.setattr("facealign.workflows.search_show.SHARDS", str(tiny_shards))
    params = tmp_path / "params.yaml"
    params.write_text((REPOSITORY / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    network, train = {"stacks": 1, "width": 16}, {"batch_size": 8, "precision": "fp32"}
    overlay(params, {"method": {"awing": {"model": {"network": network}, "train": train}}})
    code, out, _ = run("preview", AWING, "--json", "--params", params)
    assert code == 0
    found = json.loads(out)
    measured = found["measured"]
    assert (measured["steps"], measured["measured_steps"], measured["device"]) == (5, 3, "cpu")
    assert found["epoch_seconds"] == pytest.approx(5 * measured["step_seconds"] + measured["validation_seconds"])
    assert min(measured["step_seconds"], measured["validation_seconds"]) > 0


def test_without_faces_there_is_nothing_to_measure(run, monkeypatch, tmp_path):
    monkeypatch.setattr("facealign.workflows.search_show.SHARDS", str(tmp_path / "none"))
    code, _, err = run("preview", AWING)
    assert code == 2
    assert err.startswith("error: ")

"""``facealign shards`` as a user types it."""

import json
import shutil
from pathlib import Path

import pytest

from data.sources.written import wflw
from facealign.cli.main import main
from facealign.data.shards.index import Index

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = ["data.crop.size=32", "data.validation=0.3", "data.synthetic={train: 24, test: 4, size: 64}"]


@pytest.fixture
def facealign(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder with params.yaml; gives its exit status and both outputs."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["facealign", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def write(facealign, *settings, out="out"):
    options = [part for setting in (*SMALL, *settings) for part in ("--set", setting)]
    return facealign("shards", "write", "synthetic", "-", out, *options)


def test_written_described_and_verified(facealign, tmp_path):
    status, out, err = write(facealign)
    index = Index.load(tmp_path / "out")
    assert status == 0
    assert index.digest[:12] in out
    assert "preparing synthetic: 28/28" in err
    status, out, _ = facealign("shards", "verify", "out")
    assert status == 0
    assert out.startswith("whole: ")
    status, out, _ = facealign("shards", "stat", "out")
    assert status == 0
    for part in (
        "28 faces",
        "ibug68 (68)",
        "32 px of 44 px stored",
        "jpeg, quality 95",
        "4 synthetic",
        "statistics-",
    ):
        assert part in out


def test_facts_as_json_and_at_an_uri(facealign, tmp_path):
    place = (tmp_path / "out").as_uri()
    write(facealign, out=place)
    status, out, _ = facealign("shards", "stat", place, "--json")
    found = json.loads(out)
    index = Index.load(place)
    assert status == 0
    assert found["digest"] == index.digest
    assert found["faces"] == sum(fold["faces"] for fold in found["folds"].values()) == 28
    assert found["folds"]["test"]["subsets"] == {"synthetic": 4}
    assert found["folds"]["test"]["bytes_per_face"] == index.folds["test"][0].bytes / 4
    assert found["bytes"] == sum((tmp_path / "out" / name).stat().st_size for name in index.files())


def test_a_second_time_nothing_is_made(facealign):
    write(facealign)
    assert "; 0 of 3 shards written, 0 faces read anew; " in write(facealign)[1]


def test_what_is_wrong_is_named_with_status_1(facealign, tmp_path):
    write(facealign)
    path = next((tmp_path / "out").glob("val-*.arrow"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    status, out, _ = facealign("shards", "verify", "out")
    assert status == 1
    assert out.startswith(f"{path.name}: has SHA-256")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("write", "400w", ".", "out"), "unknown source '400w'; known are: "),
        (("write", "300w", "-", "out"), "needs `root`"),
        (("write", "synthetic", "-", "out", "--set", "data.crop.sze=1"), "data.crop.sze: unknown key"),
        (("write", "synthetic", "-", "out", "--params", "none.yaml"), "none.yaml: no such file"),
        (("verify", "absent"), "prepare the data first"),
        (("stat", "absent"), "prepare the data first"),
    ],
)
def test_refusals_are_messages(facealign, arguments, message):
    status, _, err = facealign("shards", *arguments)
    assert status == 2
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in err


def test_a_data_set_with_other_landmarks_than_the_settings_file(facealign, tmp_path):
    wflw.write(tmp_path / "WFLW", faces=40)
    options = ["--set", "data.crop.size=32", "--set", "data.validation=0.5", "--set", "data.crop.box=landmarks"]
    status, _, err = facealign("shards", "write", "wflw", "WFLW", "out", *options)
    assert status == 0, err
    assert Index.load(tmp_path / "out").landmarks.name == "wflw98"

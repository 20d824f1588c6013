"""``facealign data inspect`` and ``facealign schema``, as a user runs them."""

import json

import pytest
from PIL import Image

from data.sources.written import csv as written_csv
from facealign.cli.main import main as facealign
from facealign.geometry import schema_names


@pytest.fixture
def run(monkeypatch, capfd):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["facealign", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            facealign()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return exit_.value.code, out, err

    return call


@pytest.fixture
def root(tmp_path):
    written_csv.write(tmp_path / "set", 4)
    return tmp_path / "set"


def test_a_look_at_a_data_set(run, root, tmp_path):
    grid = tmp_path / "faces.png"
    code, out, err = run("data", "inspect", "csv", root, "--landmarks", "ibug68", "--grid", grid, "--count", 3)
    assert code == 0
    for part in ("4 samples: 4 usable, 0 not", "train  drawn", "blur", "1.5% unknown", "a box for 100%"):
        assert part in out
    assert "checking: 4/4" in err
    with Image.open(grid) as picture:
        assert picture.size == (3 * (256 + 12) + 12, 44 + 256 + 46)


def test_json_is_all_of_standard_output(run, root):
    code, out, _ = run("data", "inspect", "csv", root, "--landmarks", "ibug68", "--json", "--limit", 2)
    assert code == 0
    found = json.loads(out)
    assert (found["samples"], found["looked_at"], found["landmarks"]) == (4, 2, "ibug68")


def test_problems_are_reported_with_their_places(run, root):
    (root / "photos/a/000.png").write_bytes(b"nothing")
    code, out, _ = run("data", "inspect", "csv", root, "--landmarks", "ibug68")
    assert code == 0
    assert "problem     1 × is not an image of a known format" in out
    assert "            photos/a/000.png" in out


def test_options_are_set(run, root):
    code, out, _ = run(
        "data", "inspect", "csv", root, "--landmarks", "ibug68", "--set", "test=[]", "--set", "origin=one"
    )
    assert code == 0
    assert "2 samples" in out
    assert "note        fold test has no sample" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("csv",), "takes any schema; name one with --landmarks: aflw19, "),
        (("csv", "--landmarks", "ibug68"), "source 'csv' needs `root`"),
        (("csv", "{root}", "--landmarks", "ibug69"), "unknown schema 'ibug69'"),
        (("csv", "{root}", "--landmarks", "wflw98"), "has 68 columns x_k, wflw98 has 98 landmarks"),
        (("csv", "{root}/none", "--landmarks", "ibug68"), "no such folder"),
        (
            ("csv", "{root}", "--landmarks", "ibug68", "--set", "trian=[]"),
            "csv.trian: unknown option; csv has: train, test",
        ),
        (
            ("csv", "{root}", "--landmarks", "ibug68", "--set", "origin=two"),
            "csv.origin: Input should be 'zero' or 'one'",
        ),
        (("csv", "{root}", "--landmarks", "ibug68", "--set", "origin"), "write key=value"),
        (("csv", "{root}", "--landmarks", "ibug68", "--set", "train=[a"), "the value is not YAML"),
        (("300x", "{root}"), "unknown source '300x'; known are: 300"),
        (("300w", "{root}"), "300-W"),
        (("300w", "{root}", "--landmarks", "wflw98"), "has no landmarks 'wflw98'"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_message(run, root, arguments, message):
    code, _, err = run("data", "inspect", *(part.replace("{root}", str(root)) for part in arguments))
    assert code == 2
    assert err.startswith("error: ")
    assert message in err


def test_nothing_usable_is_an_error_after_the_report(run, root):
    for picture in root.rglob("*.png"):
        picture.unlink()
    code, out, err = run("data", "inspect", "csv", root, "--landmarks", "ibug68")
    assert code == 2
    assert "problem     4 × cannot be read" in out
    assert "none of the 4 samples looked at can be used" in err


class TestSchema:
    def test_all_built_in_ones_are_listed(self, run):
        code, out, _ = run("schema", "list")
        assert code == 0
        assert [line.split()[0] for line in out.splitlines()] == list(schema_names())

    def test_a_good_file_with_its_picture(self, run, tmp_path):
        own, picture = tmp_path / "own.yaml", tmp_path / "own.png"
        own.write_text("name: own\nsize: 2\nflip: [1, 0]\nlayout: [[0, 0], [1, 0]]\n", encoding="utf-8")
        code, out, _ = run("schema", "check", own, "--picture", picture)
        assert code == 0
        assert "note: no edges" in out
        assert "own, 2 landmarks, 0 edges; every rule is kept" in out
        with Image.open(picture) as drawn:
            assert drawn.format == "PNG"

    def test_a_bad_file_says_all_at_once(self, run, tmp_path):
        own = tmp_path / "own.yaml"
        own.write_text("name: own face\nsize: 2\nflip: [1, 1]\n", encoding="utf-8")
        code, _, err = run("schema", "check", own)
        assert code == 2
        assert f"{own}:1: name: " in err
        assert f"{own}:3: flip: " in err

    @pytest.mark.parametrize("name", ["nothing.yaml", "ibug67"])
    def test_no_such_schema(self, run, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        code, _, err = run("schema", "check", name)
        assert code == 2
        assert name in err

    def test_a_picture_needs_positions(self, run, tmp_path):
        own = tmp_path / "own.yaml"
        own.write_text("name: own\nsize: 2\nflip: [1, 0]\n", encoding="utf-8")
        code, _, err = run("schema", "check", own, "--picture", tmp_path / "own.png")
        assert code == 2
        assert "add `layout:`" in err
        assert not (tmp_path / "own.png").exists()

    def test_positions_from_prepared_data(self, run, tmp_path, tiny_shards):
        code, _, _ = run("schema", "check", "ibug68", "--picture", tmp_path / "a.png", "--shards", tiny_shards)
        assert code == 0
        code, _, err = run("schema", "check", "wflw98", "--picture", tmp_path / "b.png", "--shards", tiny_shards)
        assert code == 2
        assert "has landmarks ibug68, which are not those of wflw98" in err

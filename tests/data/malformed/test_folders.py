"""Roots that are something else, and what may lie about in a folder that was unpacked on another system."""

import os
import shutil

import pytest

from data.malformed.conftest import undamaged
from data.malformed.data_sets import DATA_SETS, written
from data.malformed.guard import LONGEST_MESSAGE, checked, guarded
from facealign.config import UserError


def _archive(kind):
    return lambda root: shutil.make_archive(str(root.parent / "packed"), kind, root)


def _file(content):
    def make(root):
        path = root.parent / "file"
        path.write_bytes(content)
        return path

    return make


def _made(make):
    def apply(root):
        path = root.parent / "made"
        make(path)
        return path

    return apply


ROOTS = {
    "nothing": lambda root: root.parent / "nothing",
    "a name with a zero byte": lambda root: f"{root}\0",
    "a very long name": lambda root: "x" * 5000,
    "terminal codes": lambda root: f"{root}\x1b[31m\n",
    "an address": lambda root: "https://example.org/data.zip",
    "an empty name": lambda root: "",
    "a file": _file(b"text"),
    "a zip": _archive("zip"),
    "a tar": _archive("tar"),
    "a packed tar": _archive("gztar"),
    "an empty folder": _made(os.mkdir),
    "a pipe": _made(os.mkfifo),
    "a link to itself": _made(lambda path: path.symlink_to(path)),
    "a link to nowhere": _made(lambda path: path.symlink_to("nowhere")),
    "the folder above": lambda root: root.parent,
    "all device files": lambda root: "/dev",
}


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("source", DATA_SETS)
def test_a_root_that_is_no_data_set(tmp_path, monkeypatch, source, root):
    (tmp_path / "set").symlink_to(written(source))
    made = ROOTS[root](tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    settings = DATA_SETS[source].settings(made)
    with guarded(), pytest.raises(UserError) as caught:
        list(settings.open_source().samples())
    assert len(checked(caught.value, str(made))) < LONGEST_MESSAGE + 2 * len(str(made))


@pytest.mark.parametrize("source", DATA_SETS)
def test_a_folder_too_deep(copy, read, source):
    """What is found is found whole; mostly nothing is."""
    root = copy(source)
    for path in sorted(path for path in root.rglob("*") if path.is_dir()):
        outcome = read(source, path)
        assert outcome.refusal or not outcome.good


MAY_SHARE = {("cofw", "cofw68")}
"""COFW-68 comes with a file of COFW."""


@pytest.mark.parametrize("source", DATA_SETS)
def test_another_data_set(read, source):
    for other in DATA_SETS:
        if other != source and (source, other) not in MAY_SHARE:
            assert not read(source, written(other)).good


PLACES = {
    "300w": "afw",
    "300w_lp": "AFW",
    "300vw": "410/imgs",
    "aflw2000_3d": "",
    "facesynthetics": "",
    "menpo2d": "trainset",
    "merl_rav": "frontal/testset",
}
"""Folders whose files are listed, not named by a table."""
NAMES = {
    "latin-1": b"caf\xe9",
    "not utf-8": b"\xff\xfe\x80",
    "a line end": b"two\nlines",
    "a tab": b"a\tb",
    "terminal codes": b"\x1b[31mred\x1b[0m",
    "delete": b"\x7f",
    "quotes": b'it\'s "quoted"',
    "spaces": b"  a  b ",
    "emoji": "👩‍🚀😀".encode(),
    "right to left": "\N{RIGHT-TO-LEFT OVERRIDE}gnp".encode(),
    "composed twice": "e\N{COMBINING ACUTE ACCENT}".encode(),
    "a line separator": "a\N{LINE SEPARATOR}b".encode(),
    "long": b"x" * 250,
    "wild cards": b"*?[a-z]",
    "a format": b"%s{0}",
    "a backslash": b"a\\b",
    "a dash": b"-rf",
    "a formula": b"=1+1",
    "a comma": b"a,b",
    "a hash": b"a#2",
    "a tilde": b"~",
    "dots": b"...",
    "apple's double": b"._",
}
REFUSED = ("latin-1", "not utf-8", "a line end", "a tab", "terminal codes", "delete", "a line separator")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "source",
    [pytest.param(one, marks=pytest.mark.slow) if one in ("300vw", "merl_rav") else one for one in PLACES],
)
def test_names_of_files(copy, read, source, name):
    """A strange name is a sample like others, or is refused; the others stay as they are."""
    root = copy(source)
    for ending in (b".jpg", b".png", b".pts"):
        path = os.path.join(os.fsencode(root / PLACES[source]), NAMES[name] + ending)
        with open(path, "wb") as stream:
            stream.write(b"nothing")
    outcome = read(source, root)
    if outcome.refusal:
        assert name in REFUSED
        assert "rename the file" in outcome.refusal
    else:
        assert outcome.good == undamaged(source)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ["300w", "300vw", "menpo2d", "csv"])
def test_names_of_folders(copy, read, source, name):
    root = copy(source)
    os.mkdir(os.path.join(os.fsencode(root), NAMES[name]))
    outcome = read(source, root)
    assert outcome.refusal or outcome.good == undamaged(source)


@pytest.mark.parametrize("source", PLACES)
def test_names_that_differ_in_case(copy, read, source):
    """Where two files could be meant, neither is taken."""
    root = copy(source)
    path = root / DATA_SETS[source].picture
    shutil.copy(path, path.with_suffix(path.suffix.upper()))
    outcome = read(source, root)
    assert not outcome.refusal
    assert outcome.good < undamaged(source) or source == "facesynthetics"  # which knows its names


@pytest.mark.parametrize(
    ("source", "files"),
    [*((source, 100) for source in DATA_SETS), ("300w", 10_000)],
)
def test_what_lies_about(copy, read, source, files):
    root = copy(source)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "README", ".git", "__MACOSX", "notes.docx"):
        (root / name).write_bytes(b"\0\1\2")
    places = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for place in places:
        for i in range(files // len(places)):
            (place / f"notes {i}.md").touch()
    assert read(source, root).good == undamaged(source)


@pytest.mark.parametrize("source", DATA_SETS)
def test_links_in_circles(copy, read, source):
    root = copy(source)
    for place in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        (place / "loop").symlink_to(place)
        (place / "self").symlink_to(place / "self")
    outcome = read(source, root)
    assert outcome.refusal or outcome.good >= undamaged(source)


def test_what_may_not_be_listed(copy, read):
    if os.geteuid() == 0:
        pytest.skip("root may list everything")
    root = copy("300w")
    (root / "afw").chmod(0)
    assert "cannot be listed" in read("300w", root).refusal

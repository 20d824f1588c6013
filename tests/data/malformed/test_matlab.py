"""MATLAB's files of version 5: damaged, with other variables, or something else under the ending ``.mat``."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat
from scipy.sparse import csc_array

from data.malformed.data_sets import DATA_SETS
from data.malformed.matlab_files import LARGE, OTHER

VARIABLES = {
    "300w_lp": ["pts_2d"],
    "aflw": ["data", "bbox", "mask_new", "ra", "nameList"],
    "aflw2000_3d": ["pt3d_68", "Pose_Para", "pt2d"],
    "cofw68": ["Points", "Occ"],
    "lsp": ["joints"],
    "lspet": ["joints"],
}
NEEDLESS = ("pt2d",)


@pytest.mark.parametrize(
    ("source", "content"),
    [
        pytest.param(source, content, marks=pytest.mark.slow if content in LARGE and source != "lsp" else ())
        for source in VARIABLES
        for content in OTHER
    ],
)
def test_other_files_are_refused(request, tmp_path, source, content):
    canary = tmp_path / "canary"
    one = DATA_SETS[source]
    damage = request.getfixturevalue("damage_own" if one.own else "damage_table")
    damage(
        source,
        one.own or one.table,
        lambda path: path.write_bytes(OTHER[content](path.read_bytes(), canary)),
        "refused",
    )
    assert not canary.exists()


def _cells(value):
    cells = np.empty(value.shape, dtype=object)
    for place in np.ndindex(value.shape):
        cells[place] = value[place]
    return cells


def _numbers(change):
    """Numbers are changed, texts become numbers."""
    return lambda value: change(np.zeros((2, 2)) if value.dtype == object else value.astype(np.float64))


def _with(number):
    def change(value):
        value[tuple(side // 2 for side in value.shape)] = number
        return value

    return _numbers(change)


VALUES = {
    "missing": lambda value: None,
    "complex": _numbers(lambda value: value + 1j),
    "sparse": _numbers(lambda value: csc_array(value.reshape(value.shape[0], -1))),
    "cells": _numbers(_cells),
    "a struct": lambda value: {"x": value, "y": 1},
    "a struct array": lambda value: np.zeros((2, 2), dtype=[("x", "f8"), ("y", "O")]),
    "text": lambda value: "left eye",
    "lines of text": lambda value: np.array(["left eye", "right"]),
    "empty": lambda value: np.zeros((0, 0)),
    "one number": lambda value: np.zeros((1, 1)),
    "turned": lambda value: value[:, :3].T,
    "a row too many": lambda value: np.concatenate([value, value[:1]]),
    "a side more": lambda value: np.stack([value, value], axis=-1),
    "all -1": _numbers(lambda value: np.full_like(value, -1)),
    "all NaN": _numbers(lambda value: np.full_like(value, np.nan)),
    "a NaN": _with(np.nan),
    "an infinity": _with(np.inf),
    "1e308": _with(1e308),
    "a half": _with(0.5),
    "large whole numbers": _numbers(lambda value: np.full(value.shape, 2**63, dtype=np.uint64)),
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("source", "name"), [(one, name) for one, names in VARIABLES.items() for name in names])
def test_other_variables(request, source, name, value):
    """Another kind or shape is refused; among numbers of the right shape it depends on what they mean."""

    def put(path):
        content = {key: one for key, one in loadmat(path).items() if not key.startswith("__")}
        changed = VALUES[value](content.pop(name))
        savemat(path, content if changed is None else {**content, name: changed})

    one = DATA_SETS[source]
    damage = request.getfixturevalue("damage_own" if one.own else "damage_table")
    is_other_kind = list(VALUES).index(value) < list(VALUES).index("all -1") and value != "a row too many"
    # A list of texts may be a row or a column.
    is_refused = is_other_kind and name not in NEEDLESS and (name, value) != ("nameList", "turned")
    expected = "refused" if is_refused else "either"
    damage(source, one.own or one.table, put, expected)


NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "a\\b.jpg",
    "a\0.jpg",
    "",
    ".",
    "\x1b[31m.jpg",
    "x" * 400,
    "é.jpg",
    "\n",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_in_a_table_leads_nowhere_else(damage_table, name):
    def put(path):
        content = {key: one for key, one in loadmat(path).items() if not key.startswith("__")}
        content["nameList"][1, 0] = name
        savemat(path, content)

    outcome = damage_table("aflw", DATA_SETS["aflw"].table, put, "refused", row=2)
    assert len(outcome.bad) == 1


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("source", VARIABLES)
def test_any_bits_may_flip(request, source, seed):
    def flip(path):
        rng = np.random.default_rng(seed)
        data = bytearray(path.read_bytes())
        for place in rng.integers(100, min(len(data), 400) if seed % 2 else len(data), 1 + seed // 2):
            data[place] ^= 1 << rng.integers(8)
        path.write_bytes(data)

    one = DATA_SETS[source]
    request.getfixturevalue("damage_own" if one.own else "damage_table")(
        source, one.own or one.table, flip, "either"
    )

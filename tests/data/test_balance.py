import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.data.sampler import order
from facealign.data.sampler.balance import plan_epoch
from facealign.data.sampler.sampling import SamplingSettings
from facealign.training.config import TrainConfig

BINS = st.lists(st.integers(0, 8), min_size=1, max_size=300).map(lambda bins: np.array(bins, dtype=np.uint8))
SEEDS, EPOCHS = st.integers(0, 2**63 - 1), st.integers(0, 10_000)


def _plan(bins, **settings):
    return plan_epoch(SamplingSettings(**settings), len(bins), lambda: bins)


def _unused():
    raise AssertionError("bins are not needed")


@given(SEEDS, EPOCHS, st.integers(1, 300))
def test_an_unbalanced_epoch_sees_every_row_once(seed, epoch, n):
    plan = plan_epoch(SamplingSettings(), n, _unused)
    np.testing.assert_array_equal(order.rows_of_epoch(seed, epoch, plan), order.permutation(seed, epoch, n))
    assert plan.length == n


@given(SEEDS, EPOCHS, BINS, st.integers(1, 30))
def test_replicating_fills_each_bin_up_to_the_fullest(seed, epoch, bins, cap):
    plan = _plan(bins, balance="replicate", cap=cap)
    rows = order.rows_of_epoch(seed, epoch, plan)
    shown = np.bincount(rows, minlength=len(bins))
    fullest = np.bincount(bins).max()
    assert len(rows) == plan.length
    assert shown.min() >= 1
    assert shown.max() <= cap
    for number in np.unique(bins):
        of_bin = shown[bins == number]
        assert of_bin.sum() == min(fullest, cap * len(of_bin))
        assert np.ptp(of_bin) <= 1
    np.testing.assert_array_equal(rows, order.rows_of_epoch(seed, epoch, plan))


@given(SEEDS, EPOCHS, BINS)
def test_undersampling_takes_equally_many_of_each_bin(seed, epoch, bins):
    rows = order.rows_of_epoch(seed, epoch, _plan(bins, balance="undersample", smallest_bin=1))
    assert len(set(rows)) == len(rows)
    numbers, taken = np.unique(bins[rows], return_counts=True)
    assert set(taken) == {np.unique(bins, return_counts=True)[1].min()}
    assert set(numbers) == set(bins)


@given(BINS, st.integers(1, 60))
def test_small_bins_are_merged_with_neighbors(bins, smallest):
    plan = _plan(bins, balance="undersample", smallest_bin=smallest)
    groups = [set(bins[group.rows].tolist()) for group in plan.groups]
    # Each is a run of bins, and the runs follow each other: none is split, none left out.
    assert sorted(number for group in groups for number in group) == sorted(set(bins.tolist()))
    assert all(max(a) < min(b) for a, b in pairwise(groups))
    assert sum(len(group.rows) for group in plan.groups) == len(bins)
    if len(plan.groups) > 1:
        assert min(len(group.rows) for group in plan.groups) >= smallest


def test_the_smaller_neighbor_takes_a_small_bin():
    bins = np.repeat(np.arange(9), [1, 20, 30, 5, 40, 25, 30, 3, 2]).astype(np.uint8)
    plan = _plan(bins, balance="undersample", smallest_bin=10)
    merged = [sorted(set(bins[group.rows].tolist())) for group in plan.groups]
    assert merged == [[0, 1], [2, 3], [4], [5], [6, 7, 8]]
    assert {group.take for group in plan.groups} == {21}


@pytest.mark.parametrize("balance", ["none", "replicate", "undersample"])
def test_epochs_and_seeds_differ(balance):
    bins = np.random.default_rng(0).choice(9, 400, p=[0.02, 0.05, 0.1, 0.2, 0.26, 0.2, 0.1, 0.05, 0.02])
    plan = _plan(bins, balance=balance, smallest_bin=1)
    epochs = {
        order.rows_of_epoch(seed, epoch, plan).tobytes(): set(order.rows_of_epoch(seed, epoch, plan))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(epochs) == 9
    if balance == "undersample":
        assert len({frozenset(rows) for rows in epochs.values()}) == 9


@pytest.mark.parametrize("balance", ["replicate", "undersample"])
def test_what_is_drawn_once_is_shuffled_in_every_epoch(balance):
    bins = np.repeat(np.arange(3), [7, 30, 17])
    plan = _plan(bins, balance=balance, redraw="once", smallest_bin=1)
    first, second = (order.rows_of_epoch(5, epoch, plan) for epoch in (0, 1))
    assert first.tolist() != second.tolist()
    assert sorted(first) == sorted(second)
    other_seed = order.rows_of_epoch(6, 0, plan)
    assert sorted(first) != sorted(other_seed)


def test_undersampling_anew_shows_all_faces_in_time():
    bins = np.repeat(np.arange(2), [20, 100])
    plan = _plan(bins, balance="undersample")
    shown = np.bincount(np.concatenate([order.rows_of_epoch(0, epoch, plan) for epoch in range(200)]))
    assert (shown[:20] == 200).all()
    # 200 draws with a chance of 1 in 5: 40 ± 5.7.
    assert 15 < shown[20:].min() <= shown[20:].max() < 65


def test_balanced_orders_are_fixed_for_good():
    """A checkpoint stores a position in them."""
    bins = np.array([0, 0, 1, 1, 1, 1, 1, 2])
    replicated = order.rows_of_epoch(7, 3, _plan(bins, balance="replicate", cap=3))
    undersampled = order.rows_of_epoch(7, 3, _plan(bins, balance="undersample", smallest_bin=2))
    assert (replicated.tolist(), undersampled.tolist()) == ([0, 2, 6, 4, 1, 0, 3, 7, 5, 1, 1, 7, 7], [5, 2, 0, 1])


@pytest.mark.parametrize("balance", ["none", "replicate", "undersample"])
def test_a_million_faces_are_ordered_at_once(balance):
    bins = np.random.default_rng(0).choice(9, 10**6, p=[0.01, 0.03, 0.06, 0.2, 0.4, 0.2, 0.06, 0.03, 0.01])
    started = time.process_time()
    rows = order.rows_of_epoch(1, 2, _plan(bins, balance=balance, cap=3))
    assert time.process_time() - started < 5
    assert rows.nbytes <= 8 * 3 * 10**6


def test_sampling_belongs_to_the_job(tiny_job):
    def hash_of(**sampling):
        train = tiny_job.train.model_copy(update={"sampling": SamplingSettings(**sampling)})
        return tiny_job.model_copy(update={"train": train}).config_hash

    assert hash_of() == tiny_job.config_hash
    assert len({hash_of(), hash_of(balance="replicate"), hash_of(balance="replicate", cap=5)}) == 3


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="'none', 'replicate' or 'undersample'"):
        TrainConfig.model_validate({"sampling": {"balance": "oversample"}})

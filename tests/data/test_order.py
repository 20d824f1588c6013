import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.data.ordering import order


@given(st.integers(0, 2**63 - 1), st.integers(0, 10_000), st.integers(1, 300))
def test_an_epoch_sees_every_row_once(seed, epoch, n):
    rows = order.permutation(seed, epoch, n)
    assert sorted(rows) == list(range(n))
    np.testing.assert_array_equal(rows, order.permutation(seed, epoch, n))


def test_epochs_and_seeds_differ():
    orders = {tuple(order.permutation(seed, epoch, 50)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_the_order_is_fixed_for_good():
    """A checkpoint stores a position in this order: it must be the same in every version."""
    assert order.permutation(7, 3, 10).tolist() == [2, 5, 9, 7, 3, 0, 6, 8, 4, 1]


@given(st.integers(0, 30), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_ranks_together_take_the_global_batch_in_order(step, world_size):
    shares = [order.positions(step, 12, rank, world_size) for rank in range(world_size)]
    assert [p for share in shares for p in share] == list(range(12 * step, 12 * step + 12))
    assert {len(share) for share in shares} == {12 // world_size}


@given(st.integers(0, 100), st.integers(1, 8))
def test_evaluation_takes_each_row_once(n, world_size):
    shares = [order.rows_of_rank(n, rank, world_size) for rank in range(world_size)]
    assert [row for share in shares for row in share] == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_augmentation_is_drawn_for_seed_epoch_and_position():
    draws = {
        order.sample_rng(seed, epoch, position).integers(2**62)
        for seed in range(3)
        for epoch in range(3)
        for position in range(3)
    }
    assert len(draws) == 27


def test_the_order_and_the_augmentation_are_independent_streams():
    first = np.random.Philox(key=[1, 2], counter=[0, 0, 0, 0]).random_raw()
    assert order.sample_rng(1, 2, 0).bit_generator.random_raw() != first


@pytest.mark.parametrize(("n", "steps"), [(16, 2), (17, 2), (23, 2), (24, 3)])
def test_the_last_incomplete_batch_is_dropped(n, steps):
    assert order.steps_per_epoch(n, 8) == steps


def test_a_fold_smaller_than_a_batch_is_refused():
    with pytest.raises(UserError, match="7 samples is smaller than one batch of 8"):
        order.steps_per_epoch(7, 8)


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(UserError, match="8 samples cannot be shared equally by 3 workers"):
        order.positions(0, 8, 0, 3)

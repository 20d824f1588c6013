import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.data.sampler import order


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


@given(st.integers(0, 30), st.integers(1, 40), st.data())
def test_shares_of_any_number_of_ranks_differ_by_one_sample_at_most(step, batch, data):
    world_size = data.draw(st.integers(1, batch))
    shares = [order.positions(step, batch, rank, world_size) for rank in range(world_size)]
    assert [p for share in shares for p in share] == list(range(batch * step, batch * step + batch))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(1, 40), st.integers(2, 12), st.data())
def test_all_ranks_have_equally_many_pieces_that_fit(batch, most, data):
    world_size = data.draw(st.integers(1, batch))
    count = order.micro_batches_per_step(batch, world_size, most)
    for rank in range(world_size):
        own = len(order.positions(0, batch, rank, world_size))
        sizes = [len(order.rank_slice(own, number, count)) for number in range(count)]
        assert sum(sizes) == own
        assert 1 <= min(sizes) <= max(sizes) <= most
        assert max(sizes) - min(sizes) <= 1


def test_without_a_limit_a_share_is_one_piece():
    assert order.micro_batches_per_step(16, 3, None) == 1
    assert order.micro_batches_per_step(16, 2, 8) == 1
    assert order.micro_batches_per_step(16, 2, 7) == 2


def test_pieces_that_some_rank_would_not_have_are_refused():
    with pytest.raises(UserError, match=r"16 samples gives 3 workers 5 or 6 each.*per_device_batch: 2"):
        order.micro_batches_per_step(16, 3, 1)
    assert order.micro_batches_per_step(16, 4, 1) == 4


@given(st.integers(0, 100), st.integers(1, 8))
def test_evaluation_takes_each_row_once(n, world_size):
    shares = [order.rank_slice(n, rank, world_size) for rank in range(world_size)]
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


def test_order_augmentation_and_network_are_independent_streams():
    first = np.random.Philox(key=[1, 2], counter=[0, 0, 0, 0]).random_raw()
    assert len({first, order.sample_rng(1, 2, 0).bit_generator.random_raw(), order.network_seed(1, 2, 0)}) == 3


def test_the_network_is_seeded_for_seed_epoch_and_position():
    seeds = {
        order.network_seed(s, epoch, position) for s in range(3) for epoch in range(3) for position in range(3)
    }
    assert len(seeds) == 27
    assert max(seeds) < 2**64


@pytest.mark.parametrize(("n", "steps"), [(16, 2), (17, 2), (23, 2), (24, 3)])
def test_the_last_incomplete_batch_is_dropped(n, steps):
    assert order.steps_per_epoch(n, 8) == steps


def test_a_fold_smaller_than_a_batch_is_refused():
    with pytest.raises(UserError, match="7 samples is smaller than one batch of 8"):
        order.steps_per_epoch(7, 8)


def test_a_batch_with_fewer_samples_than_workers_is_refused():
    with pytest.raises(
        UserError, match=r"a batch of 2 samples leaves some of 3 workers without any; use at most 2"
    ):
        order.positions(0, 2, 0, 3)

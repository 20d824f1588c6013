from hypothesis import given
from hypothesis import strategies as st

from facealign.data.folds import fold_of
from facealign.data.sources.base import Sample


def _sample(photo, face=0, fold="train"):
    return Sample(id=f"{photo}_{face}", fold=fold, subset="s", photo=photo)


@given(st.text(max_size=20), st.integers(0, 1000), st.floats(0.01, 0.99))
def test_faces_of_one_photo_stay_together(photo, seed, share):
    assert len({fold_of(_sample(photo, face), share, seed) for face in range(4)}) == 1


def test_test_faces_stay_test():
    assert {fold_of(_sample(str(i), fold="test"), 0.99, 0) for i in range(50)} == {"test"}


def test_the_share_is_held_out():
    held_out = sum(fold_of(_sample(f"photo {i}"), 0.2, seed=3) == "val" for i in range(5000))
    assert abs(held_out / 5000 - 0.2) < 4 * (0.2 * 0.8 / 5000) ** 0.5


def test_a_larger_share_only_adds():
    small, large = ({i for i in range(500) if fold_of(_sample(str(i)), share, 0) == "val"} for share in (0.1, 0.3))
    assert small < large


def test_seeds_cut_differently():
    first, second = ({i for i in range(500) if fold_of(_sample(str(i)), 0.2, seed) == "val"} for seed in (0, 1))
    assert first != second

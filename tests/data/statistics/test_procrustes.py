import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import procrustes

from facealign.data.statistics.procrustes import align, as_complex, as_points, procrustes_mean


def _similar(shape_N, angle, size, x, y):
    return shape_N * size * np.exp(1j * angle) + complex(x, y)


@given(st.integers(0, 10**6))
def test_whole_shapes_are_aligned_as_scipy_does(seed):
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=(9, 2))
    reference -= reference.mean(axis=0)
    reference /= np.linalg.norm(reference)
    # Near enough that the best fit needs no mirror, which SciPy would allow itself.
    shape = as_points(_similar(as_complex(reference), *rng.uniform(0.5, 3, 4))) + rng.normal(0, 0.02, (9, 2))
    _, expected, _ = procrustes(reference, shape)
    found = align(as_complex(shape)[None], np.ones((1, 9), dtype=np.bool_), as_complex(reference))
    np.testing.assert_allclose(as_points(found.aligned)[0], expected, atol=1e-9)


@given(
    st.integers(0, 10**6),
    st.floats(-3, 3),
    st.floats(0.1, 50),
    st.floats(-300, 300),
    st.floats(-300, 300),
    st.sets(st.integers(0, 7), max_size=6),
)
def test_known_landmarks_of_a_similar_shape_fall_on_the_reference(seed, angle, size, x, y, unknown):
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=8) + 1j * rng.normal(size=8)
    valid = np.array([[i not in unknown for i in range(8)]])
    fit = align(_similar(reference, angle, size, x, y)[None], valid, reference)
    np.testing.assert_allclose(fit.aligned[valid], reference[valid[0]], atol=1e-6)
    assert not fit.aligned[~valid].any()
    assert fit.is_fit.all()


@pytest.mark.parametrize("known", [[], [3]])
def test_too_few_landmarks_have_no_fit(known):
    valid = np.zeros((1, 5), dtype=np.bool_)
    valid[0, known] = True
    assert not align(np.arange(5)[None] + 1j, valid, np.arange(5) * 1j).is_fit.any()


def test_the_mean_of_similar_shapes_is_their_shape(in_chunks):
    rng = np.random.default_rng(0)
    shape = rng.normal(size=14) + 1j * rng.normal(size=14)
    shapes = np.stack([_similar(shape, *draw) for draw in rng.uniform(0.1, 3, (20, 4))])
    chunks = in_chunks((as_points(shapes).astype(np.float32), np.ones(shapes.shape, dtype=np.bool_)))
    mean = procrustes_mean(chunks, as_points(shapes[4]))
    again = align(shape[None], np.ones((1, 14), dtype=np.bool_), mean).aligned[0]
    np.testing.assert_allclose(mean, again, atol=1e-4)
    assert np.sqrt((np.abs(mean) ** 2).mean()) == pytest.approx(1)
    # Its orientation is that of where the search began.
    start = shapes[4] - shapes[4].mean()
    assert np.angle((start.conj() * mean).sum()) == pytest.approx(0, abs=1e-4)

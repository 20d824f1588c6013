import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.statistics import Statistics, pearson_neighbors

YAWS = np.random.default_rng(1).uniform(-60, 60, 700)


@pytest.fixture
def some_unknown(turned):
    points, valid = turned(YAWS)
    valid &= np.random.default_rng(2).uniform(size=valid.shape) < 0.8
    points[~valid] = np.nan
    return points, valid


def _arrays(statistics):
    return statistics._arrays()


def test_mean_covariance_and_correlation_are_numpys(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    found = Statistics.of(in_chunks((points, valid)), schema)
    exact = points.astype(np.float64)
    np.testing.assert_allclose(found.mean_shape, exact.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(
        found.covariance, np.cov(exact.reshape(len(exact), -1), rowvar=False), rtol=1e-4, atol=2e-3
    )
    pearson = (np.abs(np.corrcoef(exact[..., axis], rowvar=False)) for axis in (0, 1))
    np.testing.assert_allclose(found.correlation, sum(pearson) / 2, atol=1e-5)
    assert found.known.tolist() == [700] * 14


def test_unknown_landmarks_do_not_count(some_unknown, in_chunks, schema):
    """Each pair of landmarks is compared in the faces that know both."""
    points, valid = some_unknown
    found = Statistics.of(in_chunks(some_unknown), schema)
    np.testing.assert_allclose(found.mean_shape, np.nanmean(points.astype(np.float64), axis=0), atol=1e-3)
    np.testing.assert_array_equal(found.known, valid.sum(axis=0))
    for i, j in ((0, 5), (3, 3), (10, 2)):
        both = valid[:, i] & valid[:, j]
        first, second = (points[both, k].astype(np.float64) for k in (i, j))
        expected = [[np.cov(first[:, a], second[:, b])[0, 1] for b in (0, 1)] for a in (0, 1)]
        np.testing.assert_allclose(
            found.covariance[2 * i : 2 * i + 2, 2 * j : 2 * j + 2], expected, rtol=1e-4, atol=2e-3
        )
        pearson = [abs(np.corrcoef(first[:, axis], second[:, axis])[0, 1]) for axis in (0, 1)]
        np.testing.assert_allclose(found.correlation[i, j], np.mean(pearson), atol=1e-5)


def test_what_never_varies_or_never_meets_correlates_with_nothing(in_chunks, schema):
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (50, 14, 2)).astype(np.float32)
    points[:, 3] = 7.0
    valid = np.ones((50, 14), dtype=np.bool_)
    valid[:25, 0], valid[25:, 1] = False, False
    found = Statistics.of(in_chunks((points, valid)), schema)
    assert np.isfinite(found.covariance).all()
    assert np.isfinite(found.correlation).all()
    assert found.correlation[3].tolist() == [0, 0, 0, 1] + [0] * 10
    assert found.correlation[0, 1] == found.covariance[0, 2] == 0
    np.testing.assert_array_equal(np.diag(found.correlation), 1)


@pytest.mark.parametrize("unknown", [False, True])
def test_equal_faces_give_equal_bytes_however_they_come(turned, some_unknown, in_chunks, schema, unknown):
    shapes = some_unknown if unknown else turned(YAWS)
    written = {Statistics.of(in_chunks(shapes, size), schema).to_bytes() for size in (1, 37, 512, 700)}
    assert len(written) == 1


def test_other_faces_give_other_bytes(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    before = Statistics.of(in_chunks((points, valid)), schema).to_bytes()
    points[5, 3, 0] += 0.01
    assert Statistics.of(in_chunks((points, valid)), schema).to_bytes() != before


def test_bytes_hold_everything(some_unknown, in_chunks, schema):
    before = Statistics.of(in_chunks(some_unknown), schema)
    after = Statistics.from_bytes(before.to_bytes())
    assert after.landmarks == "mask"
    assert after.axis.noise == before.axis.noise
    assert _arrays(after).keys() == _arrays(before).keys()
    for name, array in _arrays(before).items():
        assert array.dtype == _arrays(after)[name].dtype, name
        np.testing.assert_array_equal(array, _arrays(after)[name], err_msg=name)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"rubbish" * 9, lambda data: data[:-3]])
def test_other_bytes_are_refused(turned, in_chunks, schema, damage):
    data = Statistics.of(in_chunks(turned(YAWS)), schema).to_bytes()
    with pytest.raises(UserError, match=r"not statistics of this program .* prepare the data again"):
        Statistics.from_bytes(damage(data))


def test_another_version_is_refused(turned, in_chunks, schema):
    data = Statistics.of(in_chunks(turned(YAWS)), schema).to_bytes()
    with pytest.raises(UserError, match="version 2, this program reads version 1"):
        Statistics.from_bytes(data.replace(b'version\\": 1', b'version\\": 2'))


def test_a_landmark_that_no_face_has_is_refused(turned, in_chunks, schema):
    points, valid = turned(YAWS[:3])
    valid[:, [1, 4]] = False
    with pytest.raises(UserError, match=r"landmarks \[1, 4\] are unknown in all 3 training faces.*schema"):
        Statistics.of(in_chunks((points, valid)), schema)


def test_no_face_is_refused(turned, in_chunks, schema):
    with pytest.raises(UserError, match="no training face"):
        Statistics.of(in_chunks(turned(YAWS[:0])), schema)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3000.0])
def test_a_landmark_that_is_nowhere_is_named(turned, in_chunks, schema, value):
    points, valid = turned(YAWS)
    points[600, 4, 1] = value
    with pytest.raises(UserError, match=r"training row 600: landmark 4 .* mark it as unknown"):
        Statistics.of(in_chunks((points, valid), 100), schema)


def test_neighbors_are_the_most_correlated_and_the_landmark_itself():
    correlation = np.array(
        [[1.0, 0.2, 0.9, 0.5], [0.2, 1.0, 1.0, 0.2], [0.9, 1.0, 1.0, 0.1], [0.5, 0.2, 0.1, 1.0]]
    )
    assert pearson_neighbors(correlation, 1).astype(int).tolist() == [
        [1, 0, 1, 0],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
        [1, 0, 0, 1],
    ]
    # Landmark 1 is as close to 0 as to 3: the lower number goes first.
    assert pearson_neighbors(correlation, 2)[1].tolist() == [True, True, True, False]
    assert (pearson_neighbors(correlation, 3)).all()
    with pytest.raises(UserError, match=r"k = 4 neighbors, but a landmark has 3 others"):
        pearson_neighbors(correlation, 4)


def test_a_square_graph_has_k_plus_one_neighbors_a_row(turned, in_chunks, schema):
    found = Statistics.of(in_chunks(turned(YAWS)), schema)
    adjacent = pearson_neighbors(found.correlation, 3)
    assert adjacent.sum(axis=1).tolist() == [4] * 14
    assert np.diag(adjacent).all()

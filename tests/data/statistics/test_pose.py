import json

import numpy as np
import pytest

from facealign.data.statistics import Statistics
from facealign.data.statistics.pose import cut_bins
from facealign.data.statistics.procrustes import align, as_complex, as_points
from facealign.geometry import LandmarkSchema, load_schema

YAWS = np.sort(np.random.default_rng(3).uniform(-60, 60, 600))
FAR_LEFT, FAR_RIGHT = [0, 2, 5, 6, 11], [1, 3, 7, 8, 12]


def _rank_correlation(first, second):
    return np.corrcoef(np.argsort(np.argsort(first)), np.argsort(np.argsort(second)))[0, 1]


def test_the_axis_is_the_first_principal_component_of_the_aligned_shapes(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    axis = Statistics.of(in_chunks((points, valid)), schema).axis
    aligned = as_points(align(as_complex(points), valid, as_complex(axis.mean)).aligned).reshape(600, -1)
    _, widths, rows = np.linalg.svd(aligned - aligned.mean(axis=0), full_matrices=False)
    assert abs(rows[0] @ axis.component.ravel()) == pytest.approx(1, abs=1e-6)
    assert axis.noise == pytest.approx((widths[1:] ** 2).sum() / (2 * 14 - 5) / widths[0] ** 2, rel=1e-3)
    expected = (aligned - axis.mean.ravel()) @ axis.component.ravel()
    np.testing.assert_allclose(axis.scores(points, valid), expected, atol=1e-6)


def test_the_score_follows_the_yaw_to_the_right_of_the_picture(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    found = Statistics.of(in_chunks((points, valid)), schema)
    assert _rank_correlation(found.axis.scores(points, valid), YAWS) > 0.999
    assert (np.diff(found.pose.bins.astype(int)) >= 0).mean() > 0.95
    mirrored = points * (-1, 1) + (255, 0)
    mirrored = mirrored[:, list(schema.flip)].astype(np.float32)
    assert _rank_correlation(found.axis.scores(mirrored, valid), -YAWS) > 0.999
    again = Statistics.of(in_chunks((mirrored, valid)), schema)
    np.testing.assert_allclose(again.pose.counts, found.pose.counts[::-1], atol=2)


def test_scores_do_not_depend_on_place_size_and_roll(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    axis = Statistics.of(in_chunks((points, valid)), schema).axis
    valid &= np.random.default_rng(0).uniform(size=valid.shape) < 0.7
    moved = as_points(as_complex(points) * 2.5 * np.exp(0.7j) + (300 - 40j))
    np.testing.assert_allclose(axis.scores(moved, valid), axis.scores(points, valid), atol=1e-5)


def test_profiles_of_which_half_is_known_are_profiles(turned, in_chunks, schema):
    """Landmarks that the head hides are unknown; the order of the faces stays that of their yaws."""
    points, valid = turned(YAWS)
    whole = Statistics.of(in_chunks((points, valid)), schema).axis.scores(points, valid)
    hidden = valid.copy()
    hidden[np.ix_(YAWS > 35, FAR_RIGHT)] = False
    hidden[np.ix_(YAWS < -35, FAR_LEFT)] = False
    found = Statistics.of(in_chunks((np.where(hidden[..., None], points, np.nan), hidden)), schema)
    scores = found.axis.scores(points, hidden)
    assert _rank_correlation(scores, YAWS) > 0.98
    assert np.corrcoef(scores, whole)[0, 1] > 0.97
    assert np.median(scores[YAWS > 50]) > np.median(scores[(YAWS > 20) & (YAWS < 35)])


def test_the_less_is_known_the_nearer_to_the_mean(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    axis = Statistics.of(in_chunks((points, valid)), schema).axis
    extreme, known = points[-1:], valid[-1:].copy()
    known[0, 1:] = False
    assert axis.scores(extreme, known) == 0
    known[0, 1] = True
    assert abs(axis.scores(extreme, known)) < 1e-5
    known[:] = False
    assert axis.scores(extreme, known) == 0
    np.testing.assert_array_equal(axis.complete(extreme, known)[0], axis.mean)


def test_completed_landmarks_are_near_the_true_ones(turned, in_chunks, schema):
    points, valid = turned(YAWS, jitter=0.1)
    axis = Statistics.of(in_chunks((points, valid)), schema).axis
    known = np.random.default_rng(5).uniform(size=valid.shape) < 0.7
    whole, guessed = axis.complete(points, valid), axis.complete(points, known)
    off = np.linalg.norm(guessed - whole, axis=-1)[~known]
    assert np.quantile(off, 0.9) < 0.25
    from_mean = np.linalg.norm(axis.mean - whole, axis=-1)[~known]
    assert off.mean() < 0.5 * from_mean.mean()


@pytest.mark.parametrize("flip", [tuple(range(14)), (1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12)])
def test_schemas_whose_midline_does_not_tell_have_a_sign_too(turned, in_chunks, flip):
    other = LandmarkSchema(name="other", size=14, flip=flip)
    points, valid = turned(YAWS)
    forth, back = (Statistics.of(in_chunks(s), other).axis for s in ((points, valid), (points[::-1], valid)))
    np.testing.assert_array_equal(forth.component, back.component)


def test_bins_have_equal_widths():
    bins, edges = cut_bins(np.array([0.0, 0.5, 1.0, 1.9, 8.9, 9.0]), 9)
    assert bins.tolist() == [0, 0, 1, 1, 8, 8]
    assert bins.dtype == np.uint8
    np.testing.assert_allclose(edges, np.arange(10))


def test_faces_that_are_all_alike_share_the_middle_bin(turned, in_chunks, schema):
    points, valid = turned(np.zeros(1))
    found = Statistics.of(in_chunks((np.repeat(points, 20, axis=0), np.repeat(valid, 20, axis=0))), schema)
    assert found.pose.counts.tolist() == [0, 0, 0, 0, 20, 0, 0, 0, 0]
    np.testing.assert_allclose(found.pose.balanced_mean, points[0], atol=1e-3)


def test_the_balanced_mean_counts_each_bin_once(turned, in_chunks, schema):
    points, valid = turned(YAWS)
    pose = Statistics.of(in_chunks((points, valid)), schema).pose
    exact = points.astype(np.float64)
    means = [exact[pose.bins == k].mean(axis=0) for k in range(9)]
    np.testing.assert_allclose(pose.means, means, atol=1e-3)
    np.testing.assert_allclose(pose.balanced_mean, np.mean(means, axis=0), atol=1e-3)
    np.testing.assert_array_equal(pose.counts, np.bincount(pose.bins, minlength=9))


def test_empty_bins_and_unknown_landmarks_are_left_out_of_the_balanced_mean(turned, in_chunks, schema):
    points, valid = turned(np.concatenate([np.full(30, -50.0), np.linspace(30, 60, 30)]))
    valid[:30, 0] = False
    pose = Statistics.of(in_chunks((points, valid)), schema).pose
    empty = pose.counts == 0
    assert empty.any()
    assert np.isnan(pose.means[empty]).all()
    assert np.isnan(pose.means[0, 0]).all()
    expected = [np.nanmean(pose.means[:, n], axis=0) for n in range(14)]
    np.testing.assert_allclose(pose.balanced_mean, expected, atol=1e-9)


@pytest.mark.real
def test_bins_of_real_faces_follow_their_measured_yaw(real_data, in_chunks):
    scipy_io = pytest.importorskip("scipy.io")
    files = sorted((real_data / "AFLW2000-3D").rglob("*.mat"))
    heads = [scipy_io.loadmat(file) for file in files]
    points = np.stack([head["pt3d_68"][:2].T for head in heads]).astype(np.float32)
    # In this data set a positive yaw turns the nose to the left of the image.
    yaws = np.array([-np.degrees(head["Pose_Para"][0, 1]) for head in heads])
    valid = np.ones(points.shape[:2], dtype=np.bool_)
    found = Statistics.of(in_chunks((points, valid)), load_schema("ibug68"))
    assert _rank_correlation(found.axis.scores(points, valid), yaws) > 0.97
    medians = [np.median(yaws[found.pose.bins == k]) for k in range(9)]
    assert medians[0] < -40 < 40 < medians[8], json.dumps([float(m) for m in medians])

import numpy as np
import pytest

from data.sources.written.w300_vw import put_video
from facealign.data import video
from facealign.data.record import BadSample
from facealign.data.video import close_video, read_frame


@pytest.fixture
def path(tmp_path):
    """Twelve gray frames; frame n is of level 20·n."""
    put_video(tmp_path / "vid.avi", [np.full((48, 64, 3), 20 * n, dtype=np.uint8) for n in range(1, 13)])
    yield tmp_path / "vid.avi"
    close_video()


@pytest.mark.parametrize("order", [range(1, 13), [1, 5, 9], [9, 5, 9, 1], [3, 3]])
def test_frames_come_by_number_in_any_order(path, order):
    for number in order:
        frame = read_frame(path, "001/vid.avi", number)
        assert frame.shape == (48, 64, 3)
        assert frame.dtype == np.uint8
        np.testing.assert_allclose(frame, 20 * number, atol=3)


def test_frames_asked_for_in_order_are_decoded_once(path, monkeypatch):
    opened = []
    capture = video._capture
    monkeypatch.setattr(video, "_capture", lambda *args: opened.append(args) or capture(*args))
    for number in range(1, 13, 2):
        read_frame(path, "001/vid.avi", number)
    assert len(opened) == 1


def test_colors_are_rgb(tmp_path):
    put_video(tmp_path / "vid.avi", [np.full((48, 64, 3), (200, 100, 30), dtype=np.uint8)])
    np.testing.assert_allclose(read_frame(tmp_path / "vid.avi", "vid.avi", 1)[24, 32], (200, 100, 30), atol=8)


def test_a_frame_past_the_end_is_refused_and_others_still_come(path):
    with pytest.raises(BadSample, match=r"^001/vid\.avi: ends after 12 frames, and frame 13 is annotated"):
        read_frame(path, "001/vid.avi", 13)
    np.testing.assert_allclose(read_frame(path, "001/vid.avi", 12), 240, atol=3)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadSample, match=r"^001/vid\.avi: cannot be read: No such file"):
        read_frame(tmp_path / "vid.avi", "001/vid.avi", 1)

"""Videos, written and read with OpenCV."""

import numpy as np
import pytest

from facealign.config import UserError
from facealign.inference.video import VideoWriter, open_video


def _written(path, frames):
    writer = VideoWriter(path, 12.5)
    for i in range(frames):
        writer.write(np.full((48, 64, 3), (40 * i, 0, 200), dtype=np.uint8))
    writer.close()
    return path


def test_frames_come_back_in_order_with_their_rate(tmp_path):
    with open_video(_written(tmp_path / "deep" / "a.mp4", 5)) as video:
        assert video.rate == pytest.approx(12.5)
        frames = list(video.frames())
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 5
    assert [round(float(frame[..., 0].mean()) / 40) for frame in frames] == list(range(5))
    assert abs(float(frames[0][..., 2].mean()) - 200) < 10


@pytest.mark.parametrize("data", [b"#EXTM3U\nhttp://127.0.0.1/a.mp4\n", b"", b"RIFF\0\0\0\0AVI broken"])
def test_what_is_no_video_is_reported(tmp_path, data):
    (tmp_path / "a.mp4").write_bytes(data)
    with (
        pytest.raises(UserError, match=r"a\.mp4: (is not a video|cannot be decoded|no frame)"),
        open_video(tmp_path / "a.mp4") as video,
    ):
        list(video.frames())

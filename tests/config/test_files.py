import os

import pytest

from facealign.config import digest_file, open_file


def test_a_file_is_opened(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        with open_file(tmp_path / name) as stream:
            assert stream.read() == b"abc"


@pytest.mark.parametrize("open_", [open_file, digest_file])
def test_what_is_no_file_is_refused_at_once(tmp_path, open_):
    """Opening the pipe would wait for a writer, and reading the device would not end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device"):
        with pytest.raises(OSError, match="a pipe, a socket or a device") as caught:
            open_(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        open_(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_(tmp_path / "nothing")

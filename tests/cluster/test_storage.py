from facealign.storage import uris


def test_a_local_folder_by_path_and_by_uri(tmp_path):
    folder = tmp_path / "run"
    for address in (str(folder), folder.as_uri()):
        assert not uris.exists(address)
        folder.mkdir()
        (folder / "file").write_text("x")
        assert uris.exists(address)
        uris.remove(address)
        assert not folder.exists()


def test_addresses_are_joined_as_what_they_are():
    assert uris.join("runs", "awing-1") == "runs/awing-1"
    assert uris.join("s3://bucket/runs/", "awing-1") == "s3://bucket/runs/awing-1"
    assert uris.absolute("s3://bucket/runs") == "s3://bucket/runs"

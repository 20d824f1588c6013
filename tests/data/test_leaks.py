from facealign.data.preparing.leaks import FaceFingerprint, find_leaks, write_leaks
from facealign.storage.uris import open_store


def test_pictures_of_two_folds_are_found_with_all_their_faces(tmp_path):
    faces = [
        FaceFingerprint("train", "b", "1"),
        FaceFingerprint("train", "a", "2"),
        FaceFingerprint("train", "c", "1"),
        FaceFingerprint("val", "d", "3"),
        FaceFingerprint("test", "e", "1"),
        FaceFingerprint("test", "f", "3"),
        FaceFingerprint("test", "g", "4"),
        FaceFingerprint("test", "h", "4"),
    ]
    leaks = find_leaks(faces)
    assert [face.id for face in leaks] == ["b", "c", "e", "d", "f"]
    write_leaks(open_store(tmp_path), leaks)
    assert (tmp_path / "leaks.csv").read_text() == (
        "image,fold,id\n1,train,b\n1,train,c\n1,test,e\n3,val,d\n3,test,f\n"
    )

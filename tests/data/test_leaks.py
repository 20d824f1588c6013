from facealign.data.preparing.leaks import Seen, find_leaks, write_leaks
from facealign.storage.uris import open_store


def test_pictures_of_two_folds_are_found_with_all_their_faces(tmp_path):
    faces = [
        Seen("train", "b", "1"),
        Seen("train", "a", "2"),
        Seen("train", "c", "1"),
        Seen("val", "d", "3"),
        Seen("test", "e", "1"),
        Seen("test", "f", "3"),
        Seen("test", "g", "4"),
        Seen("test", "h", "4"),
    ]
    leaks = find_leaks(faces)
    assert [face.id for face in leaks] == ["b", "c", "e", "d", "f"]
    write_leaks(open_store(tmp_path), leaks)
    assert (tmp_path / "leaks.csv").read_text() == (
        "picture,fold,id\n1,train,b\n1,train,c\n1,test,e\n3,val,d\n3,test,f\n"
    )

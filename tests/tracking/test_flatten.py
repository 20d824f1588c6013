from facealign.tracking import flatten
from facealign.tracking.flatten import cut_param


def test_nested_settings_become_dotted_names():
    tree = {
        "seed": 0,
        "train": {"lr": 1e-4, "augment": {"flip": True}, "none": None},
        "methods": ("awing", "adnet"),
    }
    assert flatten(tree) == {
        "seed": 0,
        "train.lr": 1e-4,
        "train.augment.flip": True,
        "train.none": None,
        "methods": '["awing", "adnet"]',
    }


def test_a_value_is_cut_only_where_it_must_be():
    assert cut_param("x" * 6000) == "x" * 6000
    assert len(cut_param("x" * 6001)) == 6000
    assert cut_param("x" * 6001).endswith("(cut)")

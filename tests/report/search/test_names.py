import pytest

from facealign.report.search.words import short_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["method.awing.model.loss.params.alpha", "method.awing.train.optimizer.lr"], ["alpha", "lr"]),
        (["method.a.model.loss.name", "method.a.train.optimizer.name"], ["loss.name", "optimizer.name"]),
        (["method.a.model.loss.name"], ["loss.name"]),
        (["method.a.width", "method.b.width", "seed"], ["a.width", "b.width", "seed"]),
        (["method"], ["method"]),
        (["a.b", "b"], ["a.b", "b"]),
    ],
)
def test_the_shortest_ending_that_says_which(paths, names):
    assert list(short_names(paths).values()) == names

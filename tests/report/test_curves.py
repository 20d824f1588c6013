import numpy as np
import pytest

from facealign.config import UserError
from facealign.metrics import auc, ced
from facealign.report.curves import ced as ced_figure
from facealign.report.curves import learning_curve
from facealign.report.style import MEAN_SHAPE, to_rgb

HISTORY = [
    {"epoch": epoch, "loss": 1 / epoch, "validation_nme": nme, "lr": 1e-3}
    for epoch, nme in enumerate((0.20, 0.09, 0.06, 0.07), start=1)
]
ERRORS = np.random.default_rng(0).lognormal(-3, 0.4, 100)


def texts_overlap(figure):
    """Pairs of the metric's words whose boxes meet."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    shown = [text for text in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown if text.get_visible()]
    return [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[:i] if one.overlaps(other) and a != b]


def test_loss_and_nme_have_a_panel_each_and_the_best_epoch_is_marked():
    figure = learning_curve(HISTORY)
    loss, nme = figure.axes
    np.testing.assert_allclose(loss.lines[0].get_xydata(), [(r["epoch"], r["loss"]) for r in HISTORY])
    np.testing.assert_allclose(nme.lines[0].get_ydata(), [20, 9, 6, 7])
    np.testing.assert_allclose(nme.lines[1].get_xydata(), [(3, 6)])
    assert nme.get_title(loc="right") == "best 6.00 %, epoch 3"


def test_epochs_that_were_not_measured_have_a_loss_alone():
    history = [
        {**record, "validation_nme": None if record["epoch"] == 2 else record["validation_nme"]}
        for record in HISTORY
    ]
    loss, nme = learning_curve(history).axes
    assert len(loss.lines[0].get_xydata()) == 4
    np.testing.assert_allclose(nme.lines[0].get_xydata(), [(1, 20), (3, 6), (4, 7)])


def test_one_epoch_is_a_curve_too():
    assert to_rgb(learning_curve(HISTORY[:1])).shape == (540, 1350, 3)


def test_the_staircase_is_the_ced():
    figure = ced_figure({"awing": ERRORS, MEAN_SHAPE: 3 * ERRORS}, 0.08)
    for line, errors in zip(figure.axes[0].lines, (ERRORS, 3 * ERRORS), strict=True):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (0, 8)
        np.testing.assert_allclose(y, ced(errors, x / 100 + 1e-12))
        area = (np.diff(x) * y[:-1]).sum() / 8
        assert area == pytest.approx(auc(errors, 0.08))
        assert f"{100 * errors.mean():.2f}" in line.get_label()
        assert f"{area:.3f}" in line.get_label()


def test_the_mean_shape_takes_no_color_from_the_methods():
    methods, mean = {"a": ERRORS, "b": ERRORS}, {MEAN_SHAPE: ERRORS}
    first, last = ced_figure({**mean, **methods}, 0.1), ced_figure({**methods, **mean}, 0.1)
    colors = [{line.get_label().split()[0]: line.get_color() for line in f.axes[0].lines} for f in (first, last)]
    assert colors[0] == colors[1]
    assert len(set(colors[0].values())) == 3


@pytest.mark.parametrize(
    "figure",
    [
        learning_curve(HISTORY),
        ced_figure({f"a_method_with_a_long_name_{i}": ERRORS + i / 100 for i in range(7)}, 0.10),
        ced_figure({"awing": ERRORS}, 0.08),
    ],
)
def test_no_words_overlap_or_leave_the_picture(figure):
    assert texts_overlap(figure) == []
    rgb = to_rgb(figure)
    for border in (rgb[:6], rgb[-6:], rgb[:, :6], rgb[:, -6:]):
        assert (border == 255).all()


def test_nothing_to_draw_is_refused():
    with pytest.raises(UserError, match="needs a measured epoch"):
        learning_curve([])
    with pytest.raises(UserError, match="there are none"):
        ced_figure({}, 0.1)

"""Maps lie where the face is, have one color a channel, and every method that makes maps has a sheet."""

import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.methods import METHODS
from facealign.report.maps import maps_grid, overlay
from facealign.report.style import ON_DARK
from facealign.training import InputSpec, ModelFolder, save_model
from facealign.training.checkpoint import ModelCard
from facealign.workflows.visualize import draw_maps
from methods.small import SMALL, small_method

WITHOUT_MAPS = ("anisotropic",)


def model(name, shards, job, **changes):
    index = Index.load(shards)
    own = job.model_copy(update={"method": name, "model": {**SMALL[name], **changes}})
    faces = InputSpec(crop=index.crop, landmarks=index.landmarks)
    card = ModelCard(job=own, config_hash=own.config_hash, faces=faces, parameters=1)
    return ModelFolder(small_method(name, **changes).eval(), card)


def batch(shards, augment=None) -> Batch:
    reader = ShardReader(shards, "test")
    faces = FaceDataset(reader) if augment is None else FaceDataset(reader, augment)
    return collate([faces[Draw(row, 0, row)] for row in range(3)])


@pytest.mark.parametrize("crop", [64, 96])
def test_a_response_is_drawn_where_it_is(crop):
    """A map pixel covers the same part of the sheet as the crop pixels that it was made from."""
    maps = np.zeros((1, crop // 4, crop // 4), np.float32)
    maps[0, 5, 9] = 1
    drawn = overlay(np.zeros((crop, crop, 3), np.uint8), maps, 192).astype(float).sum(axis=2)
    rows, columns = np.indices(drawn.shape)
    scale = 192 / (crop // 4)
    for axis, place in ((columns, 9), (rows, 5)):
        assert (drawn * axis).sum() / drawn.sum() == pytest.approx((place + 0.5) * scale - 0.5, abs=0.05)


def test_the_strongest_channel_gives_the_color():
    maps = np.zeros((8, 16, 16), np.float32)
    maps[1], maps[7, :, 8:] = 0.5, 4.0  # 4 counts as 1
    drawn = overlay(np.zeros((64, 64, 3), np.uint8), maps, 64)
    np.testing.assert_array_equal(drawn[30, 4], np.rint(np.array(ON_DARK[1]) / 2))
    np.testing.assert_array_equal(drawn[30, 60], ON_DARK[7 % len(ON_DARK)])


@pytest.mark.parametrize("name", [name for name in METHODS if name not in WITHOUT_MAPS])
def test_maps_are_of_each_face_and_targets_have_their_form(name, tiny_shards):
    method, faces = small_method(name).eval(), batch(tiny_shards)
    with torch.no_grad():
        found, wanted = method.maps(faces.images), method.true_maps(faces)
    assert found
    assert set(wanted) <= set(found)
    for key, maps in found.items():
        assert maps.ndim == 4
        assert len(maps) == 3
        assert maps.isfinite().all()
        if key in wanted:
            assert wanted[key].shape == maps.shape
            assert wanted[key].min() >= 0
            assert wanted[key].amax() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("attention", ["none", "point", "edge", "anisotropic"])
def test_adnet_shows_the_maps_that_its_attention_is_made_of(attention, tiny_shards):
    loss = {"anisotropy": {"strategy": "fixed"}}
    method, faces = small_method("adnet", attention=attention, landmark_loss=loss).eval(), batch(tiny_shards)
    heads = {"none": [], "point": ["points"], "edge": ["edges"], "anisotropic": ["points", "edges"]}[attention]
    mask = [] if attention == "none" else ["attention"]
    assert list(method.maps(faces.images)) == ["landmarks", *heads, *mask, *(["attended"] if mask else [])]
    assert sorted(method.true_maps(faces)) == sorted([*heads, *mask])


def test_a_mirrored_face_has_mirrored_targets(tiny_shards):
    """The frames of crop and map agree, and so do the identities of landmarks: an error in either shows here."""
    from facealign.data.augmentation.settings import NONE

    method = small_method("adnet").eval()
    plain, mirrored = (
        method.true_maps(batch(tiny_shards, NONE.model_copy(update={"flip": flip}))) for flip in (0.0, 1.0)
    )
    for key in ("points", "attention"):
        swapped = mirrored[key][:, list(method.schema.flip)].flip(3)
        torch.testing.assert_close(swapped, plain[key], atol=1e-4, rtol=0)


def test_the_sheet_has_a_row_for_each_face(tiny_shards, tiny_job):
    sheet = maps_grid(model("awing", tiny_shards, tiny_job), tiny_shards, "test", 3, cell_size=96)
    # The crop, then landmarks and boundary with their targets.
    assert sheet.shape == (44 + 3 * (96 + 46), 5 * (96 + 12) + 12, 3)


def test_scc_shows_the_attention_that_it_has(tiny_shards):
    images = batch(tiny_shards).images
    network = SMALL["scc"]["network"]
    assert list(small_method("scc").eval().maps(images)) == ["attention F4", "attention F3"]
    assert small_method("scc", network={**network, "attention": "none"}).eval().maps(images) == {}
    assert small_method("scc", network={**network, "head": "fully_connected"}).eval().maps(images) == {}


@pytest.mark.parametrize("name", WITHOUT_MAPS)
def test_a_method_without_maps_says_so(name, tiny_shards, tiny_job):
    with pytest.raises(UserError, match=f"{name} with these settings makes no maps"):
        maps_grid(model(name, tiny_shards, tiny_job), tiny_shards, "test", 2)


def test_the_command_draws_a_model_folder(tiny_shards, tiny_job, tmp_path):
    trained = model("subpixel", tiny_shards, tiny_job)
    save_model(tmp_path / "model", trained.method, trained.card.job, trained.card.faces)
    draw_maps(str(tmp_path / "model"), tiny_shards, "val", 2, tmp_path / "maps.png")
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match="fold 'tets' is unknown; known are: train, val, test"):
        draw_maps(str(tmp_path / "model"), tiny_shards, "tets", 2, tmp_path / "maps.png")
    with pytest.raises(UserError, match="holds no model"):
        draw_maps(str(tmp_path), tiny_shards, "test", 2, tmp_path / "maps.png")

# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Tiles that leave no seam, within bounded memory; the mean over eight positions."""

import pytest
import torch

from srlab import evaluation
from srlab.models import (
    EDSR,
    ESPCN,
    RCAN,
    RDRN,
    SRCNN,
    SRVGG,
    VDSR,
    AdaDM,
    CodedNet,
    Restorer,
    RRDBNet,
    SelfEnsemble,
    SideInfoNet,
    SRResNet,
    SwinIR,
    Tiled,
    loading,
    restorer,
    tiling,
)
from srlab.models.tiling import reach
from srlab.resample import imresize


class Spy:
    """A restorer that keeps the sizes of what it sees."""

    def __init__(self, inner):
        self.inner, self.seen = inner, []

    def __call__(self, x):
        self.seen.append(tuple(x.shape[2:]))
        return self.inner(x)


def bicubic(x):
    return imresize(x, scale=2)


def edsr(scale=2):
    torch.manual_seed(0)
    return Restorer(EDSR(scale=scale, width=8, blocks=2))


NETS = {  # each with its receptive field in LR pixels to one side, or more
    "edsr": (lambda: EDSR(width=8, blocks=2), None, 8),  # 7 convolutions and a half
    "edsr x3": (lambda: EDSR(scale=3, width=8, blocks=1), None, 6),
    "espcn": (lambda: ESPCN(scale=3), None, 4),
    "srcnn": (lambda: SRCNN(), 2, 7),  # 8 HR pixels, and 2 LR pixels of bicubic
    "vdsr x3": (lambda: VDSR(depth=6, width=8), 3, 5),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("size", [(37, 53), (64, 24), (20, 20), (1, 40)])
def test_tiles_leave_no_seam(name, size):
    make, scale, field = NETS[name]
    torch.manual_seed(0)
    whole = restorer(make(), scale)
    x = torch.rand(1, 3, *size)
    tiled = Tiled(whole, tile=24, overlap=field)
    assert torch.allclose(tiled(x), whole(x), atol=1e-5, rtol=0)


def test_too_little_overlap_shows():
    whole = edsr()
    x = torch.rand(1, 3, 50, 50)
    gap = (Tiled(whole, tile=24, overlap=1)(x) - whole(x)).abs()
    assert gap.max() > 1e-5


@pytest.mark.parametrize("net", [RCAN, SwinIR, RDRN])
def test_what_looks_further_differs(net):
    small = {
        RCAN: {"width": 8, "groups": 1, "blocks": 1},
        RDRN: {"width": 8, "blocks": 1, "recursion": 1},
        SwinIR: {"width": 8, "layers": 1, "depth": 4, "heads": 2},
    }
    torch.manual_seed(0)
    whole = Restorer(net(**small[net]))
    x = torch.rand(1, 3, 64, 64)
    gap = (Tiled(whole, tile=32, overlap=8)(x) - whole(x)).abs().max()
    assert 1e-8 < gap < 0.1


def test_windows_stay_where_they_were():
    """A SwinIR of one layer reaches one window: an overlap of one window covers it."""
    torch.manual_seed(0)
    net = SwinIR(width=8, layers=1, depth=1, heads=2)
    whole = Restorer(net)
    x = torch.rand(1, 3, 61, 70)
    assert torch.allclose(Tiled(whole, 48, 16)(x), whole(x), atol=1e-5, rtol=0)
    assert not torch.allclose(Tiled(whole, 44, 12)(x), whole(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(100, 77), (16, 300), (7, 5), (33, 32)])
def test_memory_is_bounded_by_the_tile(size):
    spy = Spy(bicubic)
    Tiled(spy, tile=32, overlap=4)(torch.rand(1, 3, *size))
    assert max(h for h, _ in spy.seen) <= 32 and max(w for _, w in spy.seen) <= 32


def test_one_tile_is_the_picture():
    spy = Spy(bicubic)
    x = torch.rand(1, 3, 32, 20)
    assert torch.equal(Tiled(spy, tile=32, overlap=4)(x), bicubic(x))
    assert spy.seen == [(32, 20)]


def test_middles_cover_every_pixel_once():
    for n in range(1, 80):
        middles = [(a, b) for *_, a, b in Tiled(bicubic, 16, 3).spans(n)]
        assert [k for a, b in middles for k in range(a, b)] == list(range(n))


def test_channels_batch_and_scale():
    for scale in (1, 2, 3, 4):
        tiled = Tiled(lambda x, s=scale: imresize(x, scale=s), tile=16, overlap=4)
        assert tiled(torch.rand(2, 1, 20, 30)).shape == (2, 1, 20 * scale, 30 * scale)


def test_a_wrong_scale_is_named():
    with pytest.raises(ValueError, match=r"expected .B, C, 48, 48."):
        Tiled(bicubic, tile=16, overlap=2, scale=3)(torch.rand(1, 3, 16, 16))


@pytest.mark.parametrize(
    ("tile", "overlap"), [(32, 16), (8, 4), (0, 0), (16, -1), (1.5, 0)]
)
def test_bad_tiles(tile, overlap):
    with pytest.raises(ValueError):
        Tiled(bicubic, tile=tile, overlap=overlap)


def test_a_bad_picture_is_refused():
    for wrapper in (Tiled(bicubic), SelfEnsemble(bicubic)):
        with pytest.raises(ValueError, match=r"divide 0\.\.255"):
            wrapper(torch.full((1, 3, 8, 8), 255.0))


def test_the_result_is_where_the_picture_is():
    """A net of float64: the result has the net's precision, the picture stays."""
    x = torch.rand(1, 3, 8, 8)
    assert Tiled(lambda t: bicubic(t.double()), 8, 1)(x).dtype == torch.float64
    assert x.dtype == torch.float32


def test_ensemble_of_an_equivariant_restorer():
    """Bicubic treats rows and columns, left and right alike: nothing changes."""
    x = torch.rand(1, 3, 9, 14)
    assert torch.allclose(SelfEnsemble(bicubic)(x), bicubic(x), atol=1e-6)


def test_ensemble_undoes_each_position():
    """A restorer that adds a ramp from left to right: in eight positions, a mean of
    ramps to the left, right, up and down, which is flat on a square."""

    def ramp(x):
        return x + torch.linspace(-0.1, 0.1, x.shape[3])

    x = torch.rand(1, 1, 6, 6)
    assert torch.allclose(SelfEnsemble(ramp)(x), x, atol=1e-6)
    assert not torch.allclose(ramp(x), x, atol=1e-2)


def test_ensemble_makes_any_restorer_equivariant():
    whole = SelfEnsemble(edsr())
    x = torch.rand(1, 3, 7, 10)
    for turned in (lambda t: t.rot90(1, (2, 3)), lambda t: t.flip(2), lambda t: t.mT):
        assert torch.allclose(whole(turned(x)), turned(whole(x)), atol=1e-5)
        assert not torch.allclose(edsr()(turned(x)), turned(edsr()(x)), atol=1e-5)


def test_ensemble_asks_eight_times():
    spy = Spy(bicubic)
    SelfEnsemble(spy)(torch.rand(1, 3, 4, 6))
    assert sorted(spy.seen) == [(4, 6)] * 4 + [(6, 4)] * 4


def test_both_stand_in_a_benchmark():
    pictures = {"noise": torch.rand(1, 3, 40, 44).mul(255).round().div(255)}
    expected = evaluation.benchmark(bicubic, pictures, scale=2).psnr
    for wrapper in (Tiled(bicubic, tile=12, overlap=4), SelfEnsemble(bicubic)):
        row = evaluation.benchmark(wrapper, pictures, scale=2)
        assert row.psnr == pytest.approx(expected, abs=1e-3)


def test_they_compose():
    x = torch.rand(1, 3, 30, 26)
    both = SelfEnsemble(Tiled(edsr(), tile=20, overlap=8))
    assert torch.allclose(both(x), SelfEnsemble(edsr())(x), atol=1e-5)


LOCAL = {
    "srcnn": (lambda: SRCNN(n1=8, n2=4), 2),
    "vdsr x3": (lambda: VDSR(depth=6, width=8), 3),
    "espcn": (lambda: ESPCN(scale=3), None),
    "edsr": (lambda: EDSR(width=8, blocks=2), None),
    "edsr x4": (lambda: EDSR(scale=4, width=8, blocks=1), None),
    "srresnet": (lambda: SRResNet(width=8, blocks=1), None),
    "rrdb": (lambda: RRDBNet(width=8, blocks=1, growth=4), None),
    "rrdb x2": (lambda: RRDBNet(2, width=8, blocks=1, growth=4), None),
    "srvgg": (lambda: SRVGG(width=8, convs=2), None),
    "coded x2": (lambda: CodedNet(2, width=8, blocks=2), None),
    "coded x1": (lambda: CodedNet(1, width=8, blocks=2), None),
}
GLOBAL = {
    "rcan": lambda: RCAN(width=8, groups=1, blocks=1),
    "rdrn": lambda: RDRN(width=8, blocks=1, recursion=1),
    "adadm": lambda: AdaDM(width=8, blocks=1),
    "swinir": lambda: SwinIR(width=8, layers=1, depth=2, heads=2),
}


def _shaken(net):
    """Weights and running statistics that no layer begins with."""
    torch.manual_seed(0)
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(0.05 * (torch.rand_like(tensor) - 0.5))
    return net


def _both(net, scale, x, monkeypatch):
    """The restorer's result, and that of a machine that calls the picture large."""
    whole = restorer(net, scale)
    expected = whole(x)
    for name, value in (("LARGE", 64), ("TILE", 64)):
        monkeypatch.setattr(tiling, name, value)
        monkeypatch.setattr(loading, name, value)
    return whole(x), expected


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("size", [(203, 170), (1, 300)])
def test_a_large_picture_is_restored_in_tiles_to_the_same(name, size, monkeypatch):
    make, scale = LOCAL[name]
    net, x = _shaken(make()), torch.rand(1, 3, *size)
    assert reach(net) % 8 == 0
    sizes = []
    net.register_forward_pre_hook(lambda _, args: sizes.append(args[0].shape[2:]))
    found, expected = _both(net, scale, x, monkeypatch)
    assert (found - expected).abs().max() <= 1e-5
    assert len(sizes) > 2, "it was never divided"


@pytest.mark.parametrize("size", [(203, 170), (75, 40), (33, 300)])
def test_descriptors_of_a_large_picture_are_found_in_strips(size, monkeypatch):
    net = _shaken(SideInfoNet(width=8, blocks=1, extractor=8)).eval()
    pair = torch.rand(2, 1, 3, *size)
    with torch.inference_mode():
        expected = net.describe(*pair)
        monkeypatch.setattr(tiling, "LARGE", 64)
        found = net.describe(*pair)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("name", GLOBAL)
def test_nets_that_see_everything_are_divided_inside_only(name, monkeypatch):
    net, x = _shaken(GLOBAL[name]()), torch.rand(1, 3, 150, 131)
    assert reach(net) is None
    found, expected = _both(net, None, x, monkeypatch)  # a row of windows at a time
    assert (found - expected).abs().max() <= 1e-5
    monkeypatch.setattr(tiling, "LARGE", 16384)  # two rows, and one at the end
    found = restorer(net)(x)
    assert (found - expected).abs().max() <= 1e-5


def test_nobody_knows_how_far_another_net_looks():
    assert reach(torch.nn.Conv2d(3, 3, 3)) is None


def test_a_picture_that_is_learned_from_is_whole(monkeypatch):
    monkeypatch.setattr(tiling, "LARGE", 64)
    monkeypatch.setattr(tiling, "in_tiles", None)  # to call it would fail
    EDSR(width=8, blocks=1)(torch.rand(1, 3, 30, 30)).mean().backward()

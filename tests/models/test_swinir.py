# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SwinIR: windows, shifts, masks, biases, padding, and the paper's sizes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srlab.models.swinir import (
    SwinIR,
    SwinLayer,
    WindowAttention,
    mirrored,
    shift_mask,
    to_picture,
    to_windows,
)


def small(**settings):
    torch.manual_seed(0)
    defaults = {"width": 8, "layers": 2, "depth": 2, "heads": 2, "window": 4}
    return SwinIR(**{**defaults, **settings}).eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 8), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_classical_net_has_stages(scale):
    out = small(scale=scale, light=False)(torch.rand(1, 3, 5, 6))
    assert out.shape == (1, 3, 5 * scale, 6 * scale)


@pytest.mark.parametrize("light", [True, False])
def test_every_parameter_gets_a_gradient(light):
    net = small(light=light)
    net(torch.rand(2, 3, 9, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_only_weights_are_kept():
    names = {name for name, _ in small().named_parameters()}
    assert set(small().state_dict()) == names


@pytest.mark.parametrize(("scale", "thousands"), [(2, 878), (3, 886), (4, 897)])
def test_the_papers_rounded_counts_leave_out_the_tables(scale, thousands):
    with torch.device("meta"):
        net = SwinIR(scale=scale)
    tables = [p.numel() for n, p in net.named_parameters() if n.endswith("table")]
    assert sum(tables) == 32_400 and len(tables) == 24
    rest = sum(p.numel() for p in net.parameters()) - 32_400
    assert round(rest / 1000) == thousands


def test_windows_there_and_back():
    x = torch.arange(2 * 8 * 12 * 3).reshape(2, 8, 12, 3)
    tokens = to_windows(x, 4)
    assert tokens.shape == (2 * 6, 16, 3)
    assert torch.equal(tokens[1], x[0, :4, 4:8].reshape(16, 3))
    assert torch.equal(to_picture(tokens, 8, 12), x)


def test_attention_is_torchs():
    """The same numbers as torch's own attention with the bias as its mask."""
    torch.manual_seed(0)
    attention = WindowAttention(12, heads=3, window=4)
    nn.init.normal_(attention.table)
    tokens = torch.randn(5, 16, 12)
    q, k, v = attention.qkv(tokens).reshape(5, 16, 3, 3, 4).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=attention.bias())
    expected = attention.project(mixed.transpose(1, 2).reshape(5, 16, 12))
    assert torch.allclose(attention(tokens), expected, atol=1e-6)


def test_the_bias_depends_on_the_offset_alone():
    attention = WindowAttention(4, heads=1, window=3)
    bias = attention.bias()[0]  # (9, 9); pixel 0 is (0, 0), 4 is the centre, 8 (2, 2)
    assert bias[0, 4] == bias[4, 8] == bias[1, 5]  # all one down, one right
    assert bias[0, 4] != bias[4, 0]
    assert len(attention.bias().unique()) == 25 == len(attention.table)


def test_no_attention_between_opposite_borders():
    """Windows of 4 on 8 x 8, rolled by 2: only the windows at the far borders mask."""
    mask = shift_mask(8, 8, 4)
    assert mask.shape == (4, 16, 16)
    assert (mask[0] == 0).all()
    forbidden = [int((m < 0).sum()) for m in mask]
    assert forbidden == [
        0,
        128,
        128,
        192,
    ]  # two halves, two halves, four
    assert (mask == mask.transpose(1, 2)).all()


def test_a_shifted_layer_does_not_reach_round_the_border():
    torch.manual_seed(0)
    layer = SwinLayer(8, heads=2, window=4, mlp=2, shift=2)
    mask = shift_mask(8, 8, 4)
    x = torch.randn(1, 8, 8, 8)
    y = x.clone()
    y[:, 7] = torch.randn(8, 8)  # the last row
    moved = (layer(x, mask) - layer(y, mask)).abs().amax(dim=(0, 2, 3)) > 1e-6
    assert moved.tolist() == [False] * 6 + [True] * 2
    free = (
        layer(x, 0 * shift_mask(8, 8, 4).nan_to_num(neginf=0)) - layer(x, mask)
    ).abs()
    assert free.amax(dim=(0, 3))[:2].max() > 0  # without a mask it does


def test_a_layer_without_shift_stays_in_its_window():
    torch.manual_seed(0)
    layer = SwinLayer(8, heads=2, window=4, mlp=2, shift=0)
    x = torch.randn(1, 8, 8, 8)
    y = x.clone()
    y[:, 0, 0] = torch.randn(8)
    moved = (layer(x, None) - layer(y, None)).abs().sum(-1)[0] > 1e-6
    assert moved[:4, :4].all() and moved.sum() == 16


def test_mirrored_is_reflection():
    x = torch.rand(1, 2, 6, 7)
    assert torch.equal(mirrored(x, 8), F.pad(x, (0, 1, 0, 2), mode="reflect"))
    row = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
    assert mirrored(row, 8)[0, 0, 0].tolist() == [1, 2, 3, 2, 1, 2, 3, 2]
    assert (mirrored(row, 8) == mirrored(row, 8)[:, :, :1]).all()
    assert mirrored(torch.rand(1, 3, 1, 1), 8).unique().numel() == 3


def test_shifted_by_windows_it_gives_the_same():
    """Away from the borders; by half a window it does not: windows lie elsewhere."""
    net = small(layers=1)
    x = torch.rand(1, 3, 48, 48)

    def middle(shift):
        out = net(x.roll((shift, shift), dims=(2, 3)))
        return out.roll((-2 * shift, -2 * shift), dims=(2, 3))[..., 32:64, 32:64]

    assert torch.allclose(middle(4), middle(0), atol=1e-6)
    assert (middle(2) - middle(0)).abs().max() > 1e-5


def test_heads_must_share():
    with pytest.raises(ValueError, match="4 heads cannot share 10"):
        small(width=10, heads=4)


def test_bfloat16_autocast():
    net = small()
    x = torch.rand(1, 3, 12, 12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(x)
    assert (out.float() - net(x)).abs().max() < 0.05

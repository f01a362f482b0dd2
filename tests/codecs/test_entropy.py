"""Symbols to bytes: exact, near the entropy, and nothing else happens."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srlab.codecs import CorruptStream, entropy

TABLES = entropy.gaussian_tables((0.2, 1.0, 7.5))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(-9, 9), st.integers(-(2**31) + 1, 2**31 - 1)),
            st.integers(0, 2),
        ),
        max_size=60,
    )
)
def test_any_symbols_come_back(pairs):
    symbols = np.array([s for s, _ in pairs], dtype=np.int64)
    which = np.array([w for _, w in pairs], dtype=np.int64)
    data = entropy.encode(symbols, which, TABLES)
    assert np.array_equal(entropy.decode(data, which, TABLES), symbols)


def test_the_bytes_are_the_entropy():
    rng = np.random.default_rng(0)
    which = rng.integers(0, 3, 20_000)
    scale = np.array([0.2, 1.0, 7.5])[which]
    symbols = np.rint(rng.normal(size=20_000) * scale).astype(int)
    bits = 8 * len(entropy.encode(symbols, which, TABLES))
    assert bits == pytest.approx(TABLES.bits(symbols, which), rel=0.002)


def test_counts_are_whole_and_leave_nothing_out():
    counts = entropy.whole(np.array([0.9, 0.1, 0.0, 0.0]))
    assert counts.sum() == entropy.TOTAL and counts.min() == 1
    assert counts[0] > 0.89 * entropy.TOTAL
    for bad in ([], [[0.5]], [np.nan, 1], [-0.1, 1.1], [0.0, 0.0]):
        with pytest.raises(ValueError):
            entropy.whole(np.array(bad))


def test_symbols_that_cannot_be_sent():
    with pytest.raises(ValueError, match="32 bits"):
        entropy.encode(np.array([2**31]), np.array([0]), TABLES)
    with pytest.raises(ValueError, match="tables"):
        entropy.encode(np.array([1, 2]), np.array([0]), TABLES)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 300))
def test_noise_decodes_to_something_or_is_refused(noise, count):
    which = np.arange(count) % 3
    with contextlib.suppress(CorruptStream):
        assert entropy.decode(noise, which, TABLES).shape == (count,)

"""Side by side in one run; ratios, because times on shared machines are noisy."""

import pytest

pytestmark = pytest.mark.timing


def test_imresize_and_ssim_keep_up_with_the_libraries(best_ratios):
    ratios = best_ratios
    resizes = {what: r for what, r in ratios.items() if what.startswith("imresize")}
    assert len(resizes) == 4 and max(resizes.values()) <= 3, ratios
    assert ratios["SSIM RGB"] <= 1, ratios


def test_the_bank_feeds_training_faster_than_png_files(bench):
    """ESPCN x2 on two cores: at least 1.5 times the steps a second of a DataLoader."""
    for _ in range(3):
        row = bench.bench_models.loading(seconds=5).iloc[0]
        if row["ratio"] >= 1.5:
            return
    raise AssertionError(row)


def test_the_pipelines_outrun_numpy_and_pillow(bench):
    """Faster by a clear margin, in one run, both with the same draws.

    On two quiet cores the first order was 3.2 to 3.7 times as fast, the second order
    1.9 to 2.6 times; the aim is 3 for both. (Real transforms make it 2.5, but their
    bytes depend on the number of threads.)
    """
    for _ in range(3):
        ratios = bench.bench_degrade.rates()["ratio"]
        if ratios.min() >= 1.4:
            return
    raise AssertionError(ratios.tolist())

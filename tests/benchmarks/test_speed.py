"""Side by side in one run; ratios, because times on shared machines are noisy."""

import statistics
import subprocess
import sys
import time

import pytest

import srlab
from srlab import codecs

pytestmark = pytest.mark.timing


def test_import_adds_less_than_a_third_of_a_second_to_torch_and_numpy():
    """The median of five fresh processes; below a hundredth when it was written."""
    code = (
        "import torch, numpy, time; start = time.perf_counter(); import srlab; "
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    times = [float(subprocess.check_output(command, text=True)) for _ in range(5)]
    assert statistics.median(times) < 0.3, times


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


@pytest.mark.parametrize("name", ["Factorized", "MeanScale"])
def test_a_learned_codec_takes_a_photograph_in_a_second_and_a_half(name):
    """Encode and decode 768x512 on two cores; .9 s when nothing else runs."""
    image = srlab.photo("astronaut").repeat(1, 1, 1, 2)[..., :512, :768]
    codec = getattr(codecs, name)(3)
    codec.decode(codec.encode(image))  # weights and tables are made once
    times = []
    for _ in range(5):
        start = time.perf_counter()
        codec.decode(codec.encode(image))
        times.append(time.perf_counter() - start)
        if times[-1] <= 1.5:
            return
    raise AssertionError(times)


def test_scorecam_keeps_up_and_is_five_times_as_fast_with_64_channels(bench):
    """ResNet-18's 512 channels at 128 x 128, beside pytorch-grad-cam in one run.

    Times of this kind vary by a tenth: quiet runs gave .89 to .91 of theirs.
    """
    import bench_saliency

    for _ in range(3):
        *_, exact, top, theirs = next(bench_saliency.against_oracle())
        if exact <= 1.1 * theirs and 5 * top <= theirs:
            return
    raise AssertionError((exact, top, theirs))

"""Side by side in one run; ratios, because times on shared machines are noisy."""

import pytest

pytestmark = pytest.mark.timing


def test_imresize_and_ssim_keep_up_with_the_libraries(best_ratios):
    ratios = best_ratios
    resizes = {what: r for what, r in ratios.items() if what.startswith("imresize")}
    assert len(resizes) == 4 and max(resizes.values()) <= 3, ratios
    assert ratios["SSIM RGB"] <= 1, ratios

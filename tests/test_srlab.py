"""The front door: light, complete, and the names that the course is held to."""

import subprocess
import sys

import pytest

import srlab


@pytest.mark.parametrize("name", srlab.__all__)
def test_every_name_is_there(name):
    assert getattr(srlab, name) is not None and name in dir(srlab)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        _ = srlab.nothing


HEAVY = {
    "IPython", "PIL", "av", "bjontegaard", "compressai", "constriction", "cv2", "dask",
    "distributed", "ipywidgets", "jpeglib", "lightning_fabric", "matplotlib", "pandas",
    "piq", "pillow_heif", "pooch", "psutil", "pytorch_msssim", "requests",
    "safetensors", "scipy", "skimage", "sklearn", "torchvision", "tqdm",
}  # fmt: skip


def test_import_is_light():
    """It brings nothing: each part of the package comes when it is first used."""
    code = (
        "import sys, torch, numpy; before = set(sys.modules); import srlab; "
        f"print(sorted(set({sorted(HEAVY)}) & (set(sys.modules) - before)), "
        "[name for name in sys.modules if name.startswith('srlab')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] ['srlab']"


def test_photo_and_imresize_need_no_more_than_torch_and_pillow():
    code = (
        "import sys, srlab; x = srlab.imresize(srlab.photo('astronaut'), scale=1/2); "
        "print(srlab.metrics.psnr(x, x), "
        "sorted({'matplotlib', 'pandas', 'piq', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "inf []"

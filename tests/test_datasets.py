# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Sets of images: registry, finding, recognising, fetching (loopback), patches."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from srlab import datasets, paths
from srlab.__main__ import main
from srlab.datasets import archives, fetching, patching

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 256, (9, 12, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)


def encode(array: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind)
    return out.getvalue()


def pixel_sum(array: np.ndarray) -> str:
    """The rule of `datasets.digest` for one image, written a second time."""
    h, w, c = array.shape if array.ndim == 3 else (*array.shape, 1)
    return hashlib.sha256(struct.pack("<III", h, w, c) + array.tobytes()).hexdigest()


def set_digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(
        "\n".join(sorted(map(pixel_sum, arrays))).encode()
    ).hexdigest()


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A repository with a registry of its own, an empty cache, no local sets."""
    (tmp_path / "home" / "data").mkdir(parents=True)
    monkeypatch.setenv("SRLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SRLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SRLAB_DATA", raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    return tmp_path


def register(home: Path, **rows: dict) -> None:
    """Write data/datasets.toml; a JSON value is a TOML value here."""
    lines = []
    for name, row in rows.items():
        full = {"title": name, "use": "a test", "licence": "none"} | row
        tables = {k: v for k, v in full.items() if isinstance(v, dict)}
        lines.append(f"[{name}]")
        lines += [f"{k} = {json.dumps(v)}" for k, v in full.items() if k not in tables]
        for key, table in tables.items():
            lines.append(f"[{name}.{key}]")
            lines += [f'"{k}" = {json.dumps(v)}' for k, v in table.items()]
    (home / "home" / "data" / "datasets.toml").write_text("\n".join(lines))


def put(folder: Path, **arrays: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        (folder / f"{name}.png").write_bytes(encode(array))
    return folder


# --- the registry that is shipped


def test_every_row_of_the_registry_is_whole():
    seen = {}
    for name, row in datasets.registry().items():
        assert row.title and row.use and row.licence, name
        assert row.fetchable or row.by_hand, name
        assert re.fullmatch(r"[0-9a-f]{64}|", row.digest), name
        assert not row.digest or row.images > 0, name
        assert row.url == "" or re.match(r"https?://[\w.]+/", row.url), name
        for known in (row.sum, *row.files.values()):
            ok = r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|"
            assert re.fullmatch(ok, known), name
        assert not row.part_of or row.part_of in datasets.registry()
        for other in (name, *row.aliases):
            key = re.sub(r"[^a-z0-9]", "", other.casefold())
            assert seen.setdefault(key, name) == name, f"{other} is twice"


def test_registry_knows_the_sets_of_the_course():
    images = {name: row.images for name, row in datasets.registry().items()}
    expected = {"Set5": 5, "Set14": 14, "B100": 100, "Urban100": 100, "Kodak": 24}
    expected |= {"LIVE1": 29, "Classic5": 5, "T91": 91, "BSDS500": 500}
    expected |= {"DIV2K_train_HR": 800, "DIV2K_valid_HR": 100, "Flickr2K": 2650}
    assert expected.items() <= images.items()
    assert datasets.names() == list(images)
    assert len(datasets.entry("Kodak").files) == 24


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("B100", "B100"),
        ("bsd100", "B100"),
        ("kodak24", "Kodak"),
        ("Kodak 24", "Kodak"),
        ("div2k-valid-hr", "DIV2K_valid_HR"),
        ("CLIC", "CLIC2020_professional_valid"),
    ],
)
def test_aliases(word, name):
    assert datasets.entry(word).name == name


def test_an_unknown_name_gets_the_near_ones():
    with pytest.raises(datasets.UnknownDataset, match="did you mean Set5"):
        datasets.entry("Sett5")
    with pytest.raises(datasets.UnknownDataset, match="fetch --list"):
        datasets.entry("zzzzzz")


def test_local_copies_have_the_pixels_of_the_registry():
    """Those of SRLAB_DATA that are small; where there are none, nothing is compared."""
    small = [r for r in datasets.registry().values() if r.digest and r.images <= 50]
    for row in small:
        if datasets.find(row.name):
            assert datasets.verify(row.name).ok, row.name


# --- digest, find, verify


def test_digest_follows_its_rule_and_no_file_format(tmp_path):
    a = put(tmp_path / "a", x=COLOUR, y=GREY)
    b = tmp_path / "b"
    b.mkdir()
    (b / "one.bmp").write_bytes(encode(GREY, "BMP"))
    (b / "two.tif").write_bytes(encode(COLOUR, "TIFF"))
    expected = set_digest(COLOUR, GREY)
    assert datasets.digest(datasets.image_paths(a)) == expected
    assert datasets.digest(datasets.image_paths(b)) == expected


def test_digest_sees_one_level_and_the_number_of_channels(tmp_path):
    other = COLOUR.copy()
    other[0, 0, 0] ^= 1
    as_rgb = np.repeat(GREY[..., None], 3, axis=2)
    files = [
        put(tmp_path, a=COLOUR, b=other, c=GREY, d=as_rgb) / f"{n}.png" for n in "abcd"
    ]
    assert len({datasets.digest([file]) for file in files}) == 4


def test_find_prefers_local_sets_and_any_case(home, monkeypatch):
    register(home, Toy={"aliases": ["ToySet"], "images": 2, "folders": ["deep/toy"]})
    assert datasets.find("Toy") is None
    cached = put(home / "cache" / "Toy", a=COLOUR, b=GREY)
    assert datasets.find("toy") == cached
    local = put(home / "sets" / "TOYSET", a=COLOUR, b=GREY)
    monkeypatch.setenv("SRLAB_DATA", f"{home / 'none'}{os.pathsep}{home / 'sets'}")
    assert datasets.find("Toy") == local
    (local / "a.png").unlink()
    assert datasets.find("Toy") == cached, "a whole copy goes before a broken one"
    deep = put(home / "sets" / "Deep" / "Toy" / "HR", a=COLOUR, b=GREY)
    assert datasets.find("Toy") == deep, "HR/ is taken where LR stands beside it"


def test_hidden_files_and_other_files_are_no_images(tmp_path):
    put(tmp_path, a=COLOUR)
    put(tmp_path / "__MACOSX", b=COLOUR)
    (tmp_path / "._a.png").write_bytes(b"x")
    (tmp_path / "NAMES.txt").write_text("a")
    assert [p.name for p in datasets.image_paths(tmp_path)] == ["a.png"]


def test_verify_and_benchmark_set(home):
    row = {"images": 2, "digest": set_digest(COLOUR, GREY), "by_hand": "Ask for it."}
    register(home, Toy=row, NoDigest={"by_hand": "Ask."})
    assert datasets.verify("Toy").state == "missing"
    with pytest.raises(FileNotFoundError, match=r"Ask for it.*SRLAB_DATA"):
        datasets.benchmark_set("Toy")
    folder = put(home / "cache" / "Toy", a=COLOUR, b=GREY)
    assert datasets.verify("Toy").ok
    toy = datasets.benchmark_set("toy")
    assert (toy.name, toy.names, len(toy)) == ("Toy", ("a", "b"), 2)
    shapes = {name: tuple(image.shape) for name, image in toy}
    assert shapes == {"a": (1, 3, 9, 12), "b": (1, 1, 5, 7)}, "grey stays one channel"
    assert [n for n, _ in toy] == ["a", "b"], "it can be iterated twice"

    put(folder, b=GREY[::-1].copy())
    assert datasets.verify("Toy").state == "differs"
    assert datasets.verify("Toy", pixels=False).state == "unknown"
    with pytest.warns(datasets.DatasetWarning, match="pixels differ"):
        datasets.benchmark_set("Toy")
    data = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(data[: len(data) // 2])
    assert datasets.verify("Toy").state == "damaged"
    with pytest.raises(ValueError, match=r"b\.png"):
        datasets.benchmark_set("Toy")
    (folder / "b.png").unlink()
    assert datasets.verify("Toy").state == "incomplete"
    with pytest.raises(ValueError, match="1 image instead of 2"):
        datasets.benchmark_set("Toy")
    put(home / "cache" / "NoDigest", a=COLOUR)
    assert datasets.verify("NoDigest").state == "unknown"


def test_without_data_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLAB_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="make lab"):
        datasets.registry()


# --- paths


def test_course_dir(tmp_path, monkeypatch):
    (tmp_path / "course" / "exercises").mkdir(parents=True)
    (tmp_path / "work" / "deep").mkdir(parents=True)
    monkeypatch.delenv("SRLAB_COURSE", raising=False)
    monkeypatch.chdir(tmp_path / "work" / "deep")
    assert paths.course_dir() == tmp_path / "course"
    monkeypatch.setenv("SRLAB_COURSE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="SRLAB_COURSE"):
        paths.course_dir()
    monkeypatch.setenv("SRLAB_COURSE", str(tmp_path / "course"))
    assert paths.course_dir() == tmp_path / "course"


# --- fetching


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files` with ranges; `server.mode` says how it misbehaves."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        data = server.files.get(self.path)
        if data is None:
            return self.send_error(404)
        start, status = 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if asked and server.mode != "no ranges":
            start, status = int(asked[1]), 206
        if status == 206 and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = data[start:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.send_header("Content-Range", span)
        self.end_headers()
        self.send_body(body)

    def send_body(self, body):
        mode = self.server.mode
        if mode == "break":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        elif mode == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.server.release.wait(20)
        else:
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(home):
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.files, httpd.asked, httpd.mode = {}, [], ""
    httpd.release = threading.Event()
    httpd.daemon_threads = True
    httpd.handle_error = lambda *_: None  # a client that hangs up is no news
    httpd.base = f"http://127.0.0.1:{httpd.server_address[1]}/"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield httpd
    httpd.release.set()
    httpd.shutdown()
    httpd.server_close()


def as_zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        for name, data in members.items():
            box.writestr(name, data)
    return out.getvalue()


def as_tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as box:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            box.addfile(info, io.BytesIO(data))
    return out.getvalue()


TOY = {"images": 2, "digest": set_digest(COLOUR, GREY)}
NOISE = os.urandom(1 << 20)  # makes the archive long enough to break in the middle


def toy_zip() -> bytes:
    pictures = {"Toy/a.png": encode(COLOUR), "Toy/b.png": encode(GREY)}
    return as_zip(**pictures, **{"Toy/read.me": NOISE})


def offer(home: Path, server, data: bytes, file: str = "toy.zip", **more) -> None:
    """One set, Toy, in one archive on the server."""
    server.files["/" + file] = data
    row = TOY | {"url": server.base + file, "sum": sha(data), "bytes": len(data)}
    register(home, Toy=row | more)


def one_line(capsys) -> str:
    """What went to stderr, which must be one line."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1, text
    assert text.startswith("srlab: ")
    return text


def nothing_in_place(home: Path) -> None:
    left = [p.name for p in (home / "cache").glob("*")]
    assert left in ([], ["downloads"]), left


def test_fetch_a_zip(home, server, capsys):
    offer(home, server, toy_zip())
    assert main(["fetch", "toy"]) == 0
    out = capsys.readouterr()
    assert "2 images, pixels as expected" in out.out
    assert out.err == ""
    files = {
        p.relative_to(home / "cache").as_posix() for p in (home / "cache").rglob("*")
    }
    assert {f for f in files if "." in f} == {"Toy/a.png", "Toy/b.png"}
    assert main(["fetch", "Toy"]) == 0
    assert len(server.asked) == 1, "what is here is not fetched again"


def test_fetch_a_tar_gz_with_folders_and_two_sets_in_it(home, server):
    members = {
        "./bench/Toy/HR/a.png": encode(COLOUR),
        "bench/Toy/HR/b.png": encode(GREY),
    }
    members |= {"bench/Toy/LR/a.png": encode(GREY), "bench/Two/HR/c.png": encode(GREY)}
    data = as_tar(members)
    server.files["/x.tgz"] = data
    shared = {"url": server.base + "x.tgz", "sum": sha(data)}
    two = shared | {"members": "bench/Two/HR/*"}
    register(home, Toy=TOY | shared | {"members": "bench/Toy/HR/*"}, Two=two)
    assert datasets.fetch("Toy", progress=False) == home / "cache" / "Toy"
    assert datasets.verify("Toy").ok
    assert datasets.find("Two") == home / "cache" / "Two", "came in the same archive"


def test_fetch_a_part_of_another_set(home, server):
    data = as_tar({"B/train/a.png": encode(COLOUR), "B/val/b.png": encode(GREY)}, "w")
    server.files["/b.tar"] = data
    big = {"url": server.base + "b.tar", "sum": "md5:" + hashlib.md5(data).hexdigest()}
    part = {"part_of": "Big", "folders": ["Big/train"], "images": 1}
    register(home, Big=big, Part=part)
    assert datasets.fetch("Part", progress=False) == home / "cache" / "Big" / "train"


def test_fetch_single_files(home, server):
    files = {"k1.png": encode(COLOUR), "k2.png": encode(GREY)}
    server.files |= {f"/{name}": data for name, data in files.items()}
    sums = {name: sha(data) for name, data in files.items()}
    register(home, Toy=TOY | {"url": server.base, "files": sums})
    del server.files["/k2.png"]
    with pytest.raises(fetching.FetchError, match="404"):
        datasets.fetch("Toy", progress=False)
    nothing_in_place(home)
    server.files["/k2.png"] = files["k2.png"]
    datasets.fetch("Toy", progress=False)
    assert datasets.verify("Toy").ok
    assert [path for path, _ in server.asked].count("/k1.png") == 1


def test_a_broken_connection_is_resumed(home, server, capsys):
    data = toy_zip()
    offer(home, server, data)
    server.mode = "break"
    assert main(["fetch", "Toy"]) == 1
    assert "goes on from there" in one_line(capsys)
    nothing_in_place(home)
    (part,) = (home / "cache").rglob("*.part")
    half = part.stat().st_size
    assert 0 < half < len(data)
    server.mode = ""
    assert main(["fetch", "Toy"]) == 0
    assert server.asked[-1] == ("/toy.zip", f"bytes={half}-")
    assert datasets.verify("Toy").ok
    assert not (home / "cache" / "downloads" / "Toy").exists()


def test_a_killed_process_is_resumed(home, server):
    offer(home, server, toy_zip())
    server.mode = "stall"
    process = subprocess.Popen([sys.executable, "-m", "srlab", "fetch", "Toy"])
    part = home / "cache" / "downloads" / "Toy" / "toy.zip.part"
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait(10)
    nothing_in_place(home)
    half = part.stat().st_size
    assert half > 0
    server.mode = ""
    assert main(["fetch", "Toy"]) == 0
    assert server.asked[-1] == ("/toy.zip", f"bytes={half}-")


def test_a_server_without_ranges_starts_over(home, server):
    offer(home, server, toy_zip())
    server.mode = "break"
    assert main(["fetch", "Toy"]) == 1
    server.mode = "no ranges"
    assert main(["fetch", "Toy"]) == 0
    assert datasets.verify("Toy").ok


@pytest.mark.parametrize("extra", [b"", b"too long"])
def test_a_part_that_is_complete_or_too_long(home, server, extra):
    data = toy_zip()
    offer(home, server, data)
    part = home / "cache" / "downloads" / "Toy" / "toy.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data + extra)
    assert main(["fetch", "Toy"]) == 0
    assert len(server.asked) == (2 if extra else 1)


def test_a_part_of_another_file_is_found_out(home, server, capsys):
    offer(home, server, toy_zip())
    part = home / "cache" / "downloads" / "Toy" / "toy.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    assert main(["fetch", "Toy"]) == 1
    assert "wrong sum" in one_line(capsys)
    assert main(["fetch", "Toy"]) == 0, "the bad part is gone, so trying again helps"


def test_a_wrong_sum(home, server, capsys):
    offer(home, server, toy_zip(), sum="sha256:" + "0" * 64)
    assert main(["fetch", "Toy"]) == 1
    assert "wrong sum" in one_line(capsys)
    nothing_in_place(home)
    assert [p for p in (home / "cache").rglob("*") if p.is_file()] == []


def test_404(home, server, capsys):
    offer(home, server, toy_zip(), by_hand="Ask the author.")
    server.files.clear()
    assert main(["fetch", "Toy"]) == 1
    line = one_line(capsys)
    assert "404" in line and "Ask the author." in line
    nothing_in_place(home)


def test_no_network(home, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/toy.zip"
    register(home, Toy=TOY | {"url": url, "sum": "md5:" + "0" * 32})
    assert main(["fetch", "Toy"]) == 1
    assert "no network?" in one_line(capsys)
    assert not (home / "cache").exists(), "not even an empty folder is left"


def test_a_server_that_does_not_answer(home, server, capsys, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", (0.3, 0.3))
    offer(home, server, toy_zip())
    server.mode = "stall"
    assert main(["fetch", "Toy"]) == 1
    assert "goes on from there" in one_line(capsys)


def test_no_room_on_the_disk(home, server, capsys, monkeypatch):
    offer(home, server, toy_zip(), bytes=10**18)
    assert main(["fetch", "Toy"]) == 1
    assert "SRLAB_CACHE" in one_line(capsys)
    assert server.asked == []

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    offer(home, server, toy_zip())
    monkeypatch.setattr(fetching._Resuming, "_write", full)
    assert main(["fetch", "Toy"]) == 1
    assert "the disk is full" in one_line(capsys)
    assert [p for p in (home / "cache").rglob("*") if p.is_file()] == []


def test_a_cache_that_cannot_be_written(home, server, capsys):
    (home / "cache").write_text("a file, not a folder")
    offer(home, server, toy_zip())
    assert main(["fetch", "Toy"]) == 1
    assert "cannot write" in one_line(capsys)


def test_what_must_be_fetched_by_hand(home, capsys):
    register(home, Toy={"url": "http://127.0.0.1/x.zip", "by_hand": "Ask the author."})
    assert main(["fetch", "Toy"]) == 1
    assert "Ask the author." in one_line(capsys)


def test_a_broken_copy_in_the_cache_is_replaced(home, server, monkeypatch, capsys):
    offer(home, server, toy_zip())
    put(home / "cache" / "Toy", a=COLOUR)
    datasets.fetch("Toy", progress=False)
    assert datasets.verify("Toy").ok
    put(home / "sets" / "Toy", a=COLOUR, b=COLOUR)
    monkeypatch.setenv("SRLAB_DATA", str(home / "sets"))
    assert main(["fetch", "Toy"]) == 1
    assert "Move that folder away" in one_line(capsys), "no one's own files are touched"


def test_progress_is_shown_on_request(home, server, capsys):
    offer(home, server, toy_zip())
    datasets.fetch("Toy", progress=True)
    assert "toy.zip" in capsys.readouterr().err


# --- archives


@pytest.mark.parametrize(
    "name", ["../evil.png", "/evil.png", "a\\..\\evil.png", "C:evil.png"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_archive_writes_outside_its_folder(tmp_path, name, kind):
    members = {"good.png": encode(GREY), name: encode(GREY)}
    data = as_zip(**members) if kind == "zip" else as_tar(members)
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(archives.BrokenArchive, match="unsafe"):
        archives.unpack(tmp_path / "x", tmp_path / "deep" / "out")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["x"]


def test_links_in_a_tar_are_left_out(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as box:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        box.addfile(link)
        info = tarfile.TarInfo("good.png")
        info.size = len(encode(GREY))
        box.addfile(info, io.BytesIO(encode(GREY)))
    (tmp_path / "x.tar").write_bytes(out.getvalue())
    written = archives.unpack(tmp_path / "x.tar", tmp_path / "out")
    assert [p.name for p in written] == ["good.png"]


def test_broken_archives(tmp_path):
    whole = as_zip(**{"a.png": encode(COLOUR)})
    at = whole.index(encode(COLOUR)[20:40])
    flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    tgz = as_tar({"a.png": NOISE})
    cases = {
        "flipped byte": flipped,
        "no archive": b"<html>please log in</html>",
        "no picture": as_zip(**{"a.txt": b"hello"}),
        "cut tar": tgz[: len(tgz) // 2],
    }
    for name, data in cases.items():
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(archives.BrokenArchive):
            archives.unpack(tmp_path / "x", tmp_path / "out")
        assert not (tmp_path / "out").exists(), name


# --- patches


def ramp(height: int, width: int) -> torch.Tensor:
    """(1, height, width) whose values say where they come from."""
    return torch.arange(height * width, dtype=torch.float32).view(1, height, width)


def test_patches_have_shape_dtype_and_come_from_the_image():
    g = torch.Generator().manual_seed(0)
    images = [ramp(37, 53), ramp(8, 8)[None]]
    x = datasets.patches(images, 8, 50, g, augment=False)
    assert x.shape == (50, 1, 8, 8)
    inner = x[:, 0, 0, 0]
    for image, width in ((images[0], 53), (images[1], 8)):
        mine = (x[:, 0, 1, 0] - inner) == width
        assert mine.any(), "both images are used"
        corners = inner[mine].long()
        expected = [
            image.view(-1, width)[c // width :, c % width :][:8, :8] for c in corners
        ]
        assert torch.equal(x[mine, 0], torch.stack(expected))
    bytes_ = datasets.patches([torch.zeros(3, 9, 9, dtype=torch.uint8)], 9, 2, g)
    assert bytes_.dtype == torch.uint8


def test_patches_repeat_with_the_generator_and_leave_the_global_one_alone():
    state = torch.get_rng_state()
    draw = [
        datasets.patches([ramp(20, 20)], 4, 6, torch.Generator().manual_seed(s))
        for s in (1, 1, 2)
    ]
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])
    assert torch.equal(state, torch.get_rng_state())


def test_augmentation_gives_all_eight_positions():
    square = ramp(3, 3)
    eight = {tuple(patching.dihedral(square, k).flatten().tolist()) for k in range(8)}
    assert len(eight) == 8
    turned = {
        tuple(torch.rot90(square, k, (1, 2)).flatten().tolist()) for k in range(4)
    }
    assert turned < eight
    x = datasets.patches([square], 3, 200, torch.Generator().manual_seed(0))
    assert {tuple(p.flatten().tolist()) for p in x} == eight


def test_pairs_are_cut_at_the_same_place():
    high = [ramp(24, 36), ramp(12, 12)]
    low = [image[:, ::3, ::3] for image in high]
    g = torch.Generator().manual_seed(3)
    x, y = datasets.patch_pairs(low, high, 4, 40, g, augment=False)
    assert (x.shape, y.shape) == ((40, 1, 4, 4), (40, 1, 12, 12))
    assert torch.equal(x, y[..., ::3, ::3])
    x, y = datasets.patch_pairs(low, high, 4, 40, g)
    corners = y[..., [0, 0, -1, -1], [0, -1, 0, -1]].sort().values
    assert (x.amin((1, 2, 3)) == corners[:, 0, 0]).all(), "turned alike"


@pytest.mark.parametrize(
    ("images", "size", "count", "word"),
    [
        ([], 4, 1, "no image"),
        ([torch.zeros(1, 3, 8, 8)], 9, 1, "does not fit"),
        ([torch.zeros(1, 3, 8, 8)], 0, 1, "does not fit"),
        ([torch.zeros(2, 3, 8, 8)], 4, 1, "expected"),
        ([torch.zeros(3, 8, 8), torch.zeros(1, 8, 8)], 4, 1, "one C"),
        ([torch.zeros(3, 8, 8)], 4, 0, "count"),
    ],
)
def test_bad_input_for_patches(images, size, count, word):
    with pytest.raises(ValueError, match=word):
        datasets.patches(images, size, count, torch.Generator())


def test_bad_pairs():
    g = torch.Generator()
    with pytest.raises(ValueError, match="pair 1"):
        low, high = [ramp(8, 8)] * 2, [ramp(16, 16), ramp(16, 18)]
        datasets.patch_pairs(low, high, 4, 1, g)
    with pytest.raises(ValueError, match="1 low images"):
        datasets.patch_pairs([ramp(8, 8)], [], 4, 1, g)
    with pytest.raises(ValueError, match=r"0\.\.7"):
        patching.dihedral(ramp(2, 2), 8)

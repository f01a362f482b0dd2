# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The pages' side of the viewers: style, markup, handlers, embedded bytes.

Handlers sit on their elements and find the rest from there: nothing has an id, so one
viewer may stand twice on a page. What is for later hides by its style: JupyterLab drops
``hidden`` in a notebook that it does not trust. Its shortcuts leave a slider the arrow
keys only where the slider itself, no ancestor, says so.
"""

import base64
import hashlib
from collections.abc import Sequence

import torch
from PIL import Image

from srlab.figures import pictures

MAX_SIDE = 900  # pixels: a larger picture is reduced, and the note says so

STYLE = """<style>
.srlab-viewer{margin:8px 0;color:inherit;font-size:14px;line-height:1.4}
.srlab-viewer figure{display:inline-block;margin:0!important;vertical-align:top}
.srlab-viewer img{display:block;width:100%!important;height:auto!important;
max-width:none!important;max-height:none!important;margin:0!important;border:0!important}
.srlab-viewer .srlab-stage{position:relative;user-select:none;touch-action:pan-y}
.srlab-viewer input[type=range]{flex:1;min-width:120px;height:24px;margin:0;
cursor:pointer;accent-color:#0072B2}
.srlab-viewer input:focus-visible{outline:3px solid currentColor;outline-offset:2px}
.srlab-viewer label{display:flex;gap:10px;align-items:center;margin:6px 0}
.srlab-viewer .srlab-note{margin:4px 0!important;font-size:12px;opacity:.8}
.srlab-live figcaption{position:absolute;top:8px;padding:2px 8px;border-radius:4px;
background:rgba(0,0,0,.65);color:#fff;font-size:14px;pointer-events:none}
.srlab-compare.srlab-live{max-width:min(100%,var(--wide))!important}
.reveal .srlab-compare.srlab-live{
max-width:min(100%,var(--wide),var(--slide))!important}
.srlab-compare.srlab-live .srlab-stage{cursor:ew-resize}
.srlab-compare.srlab-live figure{display:block;width:100%!important}
.srlab-compare.srlab-live figure+figure{position:absolute;inset:0;
clip-path:inset(0 0 0 var(--x))}
.srlab-compare.srlab-live figure figcaption{left:8px}
.srlab-compare.srlab-live figure+figure figcaption{left:auto;right:8px}
.srlab-compare .srlab-line{position:absolute;top:0;bottom:0;left:var(--x);width:4px;
margin-left:-2px;background:#fff;box-shadow:0 0 0 1px #000;pointer-events:none}
.srlab-zoom figure{margin:0 10px 6px 0!important}
.srlab-zoom figure+figure{margin-right:0!important}
.srlab-zoom.srlab-live .srlab-stage{cursor:crosshair;overflow:hidden}
.srlab-zoom .srlab-crisp{image-rendering:pixelated}
.srlab-zoom .srlab-lens{position:absolute;box-sizing:border-box;border:2px solid #fff;
outline:1px solid #000;box-shadow:inset 0 0 0 1px #000;pointer-events:none}
.srlab-zoom .srlab-panel{background-repeat:no-repeat;image-rendering:pixelated;
background-position:var(--x) var(--y);box-shadow:0 0 0 1px rgba(128,128,128,.6)}
</style>"""

COMPARE = """<div class="srlab-viewer srlab-compare" role="group" aria-label="{alt}"
 data-picture="{key}" data-prevent-swipe
 style="--x:50%;--wide:{wide}px;--slide:{slide}px;max-width:{both}px">{style}
<div class="srlab-stage" onpointerdown="{down}" onpointermove="{move}">
<figure style="display:inline-block;width:49%;margin:0"><img alt="{a}: {alt}"
 width="{wide}" draggable="false" src="{src_a}"><figcaption>{a}</figcaption></figure>
<figure style="display:inline-block;width:49%;margin:0"><img alt="{b}: {alt}"
 width="{wide}" draggable="false" onload="{live}"
 src="{src_b}"><figcaption>{b}</figcaption></figure>
<span class="srlab-line srlab-later" style="display:none"></span></div>
<label class="srlab-later" style="display:none">{a}<input type="range"
 data-lm-suppress-shortcuts="true" min="0" max="100" step="0.5" value="50"
 aria-label="Position of the line between {a} and {b}"
 aria-valuetext="half {a}, half {b}" oninput="{slide_to}">{b}</label>
<p class="srlab-note">{note}</p></div>"""

ZOOM = """<div class="srlab-viewer srlab-zoom" role="group" aria-label="{alt}"
 data-picture="{key}" data-prevent-swipe
 data-w="{lens_w}" data-h="{lens_h}" style="--x:50%;--y:50%;max-width:{room}px">{style}
<figure style="display:inline-block;width:{shown}px;max-width:100%;margin:0 12px 8px 0">
<div class="srlab-stage" onpointerdown="{down}" onpointermove="{move}">
<img alt="{alt}" width="{shown}" class="{crisp}" draggable="false" onload="{live}"
 src="{src}">
<span class="srlab-lens srlab-later"
 style="display:none;width:calc({lens_w}*100%);height:calc({lens_h}*100%);
left:calc(var(--x)*{free_w});top:calc(var(--y)*{free_h})"></span></div></figure>
<figure style="display:inline-block;width:{panel_w}px;max-width:100%;margin:0">
<div class="srlab-panel" role="img"
 aria-label="The part under the frame, {factor} times enlarged"
 style="width:{panel_w}px;height:{panel_h}px;background-size:{full_w}px {full_h}px">
<img alt="The middle of the picture, {factor} times enlarged" width="{panel_w}"
 src="{middle}"></div></figure>
<label class="srlab-later" style="display:none">left-right<input type="range"
 data-lm-suppress-shortcuts="true" min="0" max="100" step="1" value="50"
 data-axis="--x" aria-label="Frame, left to right" oninput="{slide_to}"></label>
<label class="srlab-later" style="display:none">up-down<input type="range"
 data-lm-suppress-shortcuts="true" min="0" max="100" step="1" value="50"
 data-axis="--y" aria-label="Frame, top to bottom" oninput="{slide_to}"></label>
<p class="srlab-note">{note}</p></div>"""

# Handlers; `this` is the element that they sit on.
_SEEN = (
    "const v=this.closest('.srlab-viewer');v.classList.add('srlab-live');"
    "v.querySelectorAll('.srlab-later').forEach(e=>{e.style.display=''});"
    "v.querySelectorAll('.srlab-still').forEach(e=>{e.style.display='none'});"
)
_HOLD = "this.setPointerCapture(event.pointerId);event.preventDefault();"
_DRAG = (
    "const r=this.getBoundingClientRect(),"
    "i=this.closest('.srlab-viewer').querySelector('input');"
    "i.value=100*(event.clientX-r.left)/r.width;i.oninput()"
)
COMPARE_HANDLERS = {
    "live": _SEEN,
    "down": _HOLD + _DRAG,
    "move": f"if(event.buttons){{{_DRAG}}}",
    "slide_to": "this.closest('.srlab-viewer').style.setProperty('--x',this.value+'%');"
    "this.setAttribute('aria-valuetext',Math.round(this.value)+' % '"
    "+this.parentElement.firstChild.textContent)",
}
_POINT = (
    "const r=this.getBoundingClientRect(),v=this.closest('.srlab-viewer'),"
    "n=v.querySelectorAll('input'),"
    "g=(p,q,s)=>100*Math.min(1,Math.max(0,(p/q-s/2)/((1-s)||1)));"
    "n[0].value=g(event.clientX-r.left,r.width,v.dataset.w);n[0].oninput();"
    "n[1].value=g(event.clientY-r.top,r.height,v.dataset.h);n[1].oninput()"
)
ZOOM_HANDLERS = {
    "live": _SEEN + "const p=v.querySelector('.srlab-panel');"
    "p.firstElementChild.style.display='none';p.style.backgroundImage='url('+this.src+')'",
    "down": _HOLD + _POINT,
    "move": _POINT,
    "slide_to": "this.closest('.srlab-viewer').style"
    ".setProperty(this.dataset.axis,this.value+'%')",
}


def fill(template: str, **values: object) -> str:
    """Fill a template; its line breaks inside a tag become spaces."""
    return template.format(style=STYLE, **values).replace('"\n ', '" ')


def note(still: str, live: str, always: str) -> str:
    """Say one thing where handlers are taken away, another where they run."""
    later = f'<span class="srlab-later" style="display:none">{live}</span>'
    return f'<span class="srlab-still">{still}</span>{later} {always}'.rstrip()


def embed(
    images: Sequence[torch.Tensor], enlarge: int, quality: int, budget: int
) -> tuple[list[Image.Image], float, list[str]]:
    """Give drawn pictures, their scale and data addresses that fit into the budget."""
    original = [pictures.to_pil(x) for x in images]
    wide, high = original[0].size
    scale = enlarge if enlarge > 1 else min(1.0, MAX_SIDE / max(wide, high))
    chroma = True
    while True:
        size = max(1, round(wide * scale)), max(1, round(high * scale))
        way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
        drawn = [p if scale == 1 else p.resize(size, way) for p in original]
        sources = [address(p, quality, chroma, scale > 1) for p in drawn]
        if sum(map(len, sources)) <= budget or max(size) < 64:
            return drawn, scale, sources
        if chroma and quality <= pictures.QUALITY:
            chroma = False
        elif quality > pictures.QUALITY:
            quality = pictures.QUALITY
        elif scale > 1:
            scale -= 1  # still a whole number
        else:
            scale *= 0.85


def address(
    picture: Image.Image, quality: int, chroma: bool, squares: bool = False
) -> str:
    data, mime = pictures.encode_squares(picture) if squares else (b"", "image/jpeg")
    if mime == "image/jpeg":
        data = pictures.encode(picture, mime, quality, chroma)
    return f"data:{mime};base64," + base64.b64encode(data).decode("ascii")


def key(images: Sequence[torch.Tensor], *words: str) -> str:
    """Name the content: the same on every machine, unlike the JPEG bytes."""
    digest = hashlib.sha256("\0".join(map(str, words)).encode())
    for x in images:
        digest.update(x.clamp(0, 1).mul(255).round().byte().numpy().tobytes())
    return digest.hexdigest()[:12]

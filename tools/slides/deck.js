// Starts a deck: typeset the formulas, fit every slide into 1280x720, start reveal.js.
"use strict";

const WIDTH = 1280, HEIGHT = 720;

// [tallest picture in px, size of the text]: the first pair that fits is taken.
const STAGES = [
  [600, 1], [540, 1], [480, 1], [430, 1], [390, 1], [350, 1], [350, .93],
  [310, .93], [310, .87], [270, .87], [270, .81], [230, .81],
];

function setStage(slide, [picture, text]) {
  slide.style.setProperty("--picture", `${picture}px`);
  slide.style.setProperty("--share", picture / 400);  // of a viewer's usual height
  slide.style.setProperty("--text", text);
}

function fits(slide) {
  return slide.scrollHeight <= HEIGHT && slide.scrollWidth <= WIDTH;
}

function leaves() {
  return [...document.querySelectorAll(".slides section")]
    .filter((slide) => !slide.querySelector("section"));
}

// While a slide is measured each question of a quiz is answered: room for the longest
// comment on an answer.
function answerQuizzes(answered) {
  for (const question of document.querySelectorAll(".slides fieldset")) {
    const options = [...question.querySelectorAll(".option")];
    const longest = options.sort((a, b) => b.textContent.length - a.textContent.length);
    const choice = longest[0]?.querySelector("input");
    if (choice) choice.checked = answered;
  }
}

function fitAll() {
  answerQuizzes(true);
  for (const slide of leaves()) {
    for (const stage of STAGES) {
      setStage(slide, stage);
      if (fits(slide)) break;
    }
  }
  answerQuizzes(false);
}

// A slide without a heading of its own names, small, what it goes on with. Pictures
// learn their own size, up to which (and a half more) custom.css enlarges them.
function label() {
  let heading = "";
  for (const slide of leaves()) {
    const own = slide.querySelector("h1, h2, h3");
    if (own) heading = own.textContent;
    const running = document.createElement("div");
    running.className = "running";
    running.textContent = own ? "" : heading;
    slide.append(running);
  }
  for (const image of document.querySelectorAll(".jp-RenderedImage img")) {
    image.style.setProperty("--own-height", `${image.naturalHeight}px`);
    image.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
  }
}

// An answer is a fragment: the next key shows it, and then it must be open.
// Notes inside a fragment would be spoken only while that fragment is the newest.
function prepare() {
  document.querySelectorAll("details.fragment").forEach((answer) => {
    answer.open = true;
  });
  for (const note of document.querySelectorAll(".fragment aside.notes")) {
    note.closest("section").append(note);
  }
  repeatNotes();
}

// A section's notes stand at its end; whoever speaks needs them from its first slide on.
function repeatNotes() {
  for (const stack of document.querySelectorAll(".slides > section")) {
    let coming = null;
    for (const slide of [...stack.querySelectorAll(":scope > section")].reverse()) {
      const own = slide.querySelector("aside.notes");
      if (!own && coming) slide.append(coming.cloneNode(true));
      coming = own ?? coming;
    }
  }
}

// A presenter's remote control sends PageUp and PageDown: they turn the slide even
// when a slider on it has the focus. Escape gives the arrow keys back to the deck.
function freeKeys(event) {
  const held = document.activeElement;
  if (["PageUp", "PageDown", "Escape"].includes(event.key) && held?.matches("input")) {
    held.blur();
  }
}

async function start() {
  await Promise.all([MathJax.startup.promise, document.fonts.ready]);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  prepare();
  label();
  fitAll();
  document.querySelector(".reveal").classList.remove("measuring");
  document.addEventListener("keydown", freeKeys, true);
  const printing = new URLSearchParams(location.search).has("print-pdf");
  Reveal.on("pdf-ready", () => { window.deckReady = true; });
  await Reveal.initialize({
    width: WIDTH, height: HEIGHT, margin: 0, center: false, hash: true,
    navigationMode: "linear", transition: "none", slideNumber: "c/t",
    pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1, plugins: [RevealNotes],
  });
  window.deckReady ||= !printing;
}

window.MathJax = {
  tex: {
    inlineMath: [["$", "$"], ["\\(", "\\)"]],
    displayMath: [["$$", "$$"], ["\\[", "\\]"]],
    processEscapes: true, tags: "ams",
  },
  svg: { fontCache: "local" },
  options: { enableMenu: false },
};

window.addEventListener("load", start);

// How far each slide reaches with all its fragments shown: rows for Extent.
// What an element clips (overflow hidden) or folds (closed details) is not counted.
() => {
  const found = [];
  let heading = "";
  const unseen = (element) => element.matches(
    "aside, script, style, .running, details:not([open]) > :not(summary)");
  const reach = (element, origin, far) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || unseen(element)) return;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.height > 0) {
      far.bottom = Math.max(far.bottom, box.bottom - origin.top);
      far.right = Math.max(far.right, box.right - origin.left);
    }
    if (style.overflow !== "visible" || element.matches("svg")) return;
    for (const child of element.children) reach(child, origin, far);
  };
  Reveal.getSlides().forEach((slide, index) => {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    slide.querySelectorAll(".fragment").forEach((f) => f.classList.add("visible"));
    const own = slide.querySelector("h1, h2, h3, h4")?.textContent.trim();
    if (slide.querySelector("h1, h2, h3")) heading = own;
    const far = { bottom: 0, right: 0 };
    const origin = slide.getBoundingClientRect();
    for (const child of slide.children) reach(child, origin, far);
    found.push({
      number: index + 1, heading: own ?? `${heading} (goes on)`,
      bottom: far.bottom, right: far.right,
      picture: slide.style.getPropertyValue("--picture"),
      text: Number(slide.style.getPropertyValue("--text")),
    });
  });
  Reveal.slide(0, 0);
  return found;
}

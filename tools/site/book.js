// Tables that sort and filter; search that also works on pages opened from the disk.
"use strict";

// Where a page is a file, a browser lets no script read another one: no extracts then.
if (typeof DOCUMENTATION_OPTIONS !== "undefined" && location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

function sortRows(table, column, down) {
  const body = table.tBodies[0];
  const value = (row) => row.cells[column].textContent.trim();
  const number = (text) => parseFloat(text.replace(/,/g, ""));
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1); // empty cells stay at the end
    const [p, q] = [number(x), number(y)];
    const order = isNaN(p) || isNaN(q) ? x.localeCompare(y) : p - q;
    return down ? -order : order;
  });
  body.append(...rows);
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.title = "Sort by this column";
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      [...head.parentNode.cells].forEach((cell) => cell.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortRows(table, column, down);
    });
  });
}

function addFilter(box) {
  const label = document.createElement("label");
  label.className = "filter-box";
  const input = document.createElement("input");
  input.type = "search";
  const said = document.createElement("span");
  label.append("Only rows with ", input, " ", said);
  const rows = [...box.querySelectorAll("tbody tr")];
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
  });
  box.before(label);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("table.data").forEach(makeSortable);
  document.querySelectorAll(".data-table.filter").forEach(addFilter);
});

"use strict";
(function () {
  const root = document.documentElement;
  const tip = document.getElementById("tip");
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  const title = document.getElementById("panel-title");

  function put(parent, name, text, kind) {
    const made = parent.appendChild(document.createElement(name));
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  // Tips: what is under the pointer, or under the point that has the focus.

  function fill(text) {
    const lines = text.split("\n");
    tip.replaceChildren();
    if (lines[0]) put(tip, "p", lines[0]);
    for (const line of lines.slice(1)) {
      const [colour, name, value, seeds] = line.split("\t");
      const row = put(tip, "div");
      put(row, "i", "", "c" + colour);
      put(row, "span", name);
      put(row, "b", value);
      put(row, "em", seeds);
    }
  }

  function at(left, top) {
    tip.hidden = false;
    tip.style.left = Math.max(12, Math.min(left, root.clientWidth - tip.offsetWidth - 12)) + scrollX + "px";
    tip.style.top = Math.max(8, top - tip.offsetHeight) + scrollY + "px";
  }

  function showColumn(plot, hit) {
    fill(hit.dataset.tip);
    const cross = plot.querySelector(".cross");
    const along = hit.dataset.y === undefined ? "x" : "y";
    cross.setAttribute(along + "1", hit.dataset[along]);
    cross.setAttribute(along + "2", hit.dataset[along]);
    cross.classList.add("on");
    const box = plot.getBoundingClientRect();
    const scale = box.width / plot.viewBox.baseVal.width;
    at(box.left + hit.dataset.x * scale + 14, box.top + (along === "x" ? 24 : hit.dataset.y * scale - 12));
  }

  function showPoint(point) {
    fill(point.getAttribute("aria-label"));
    const box = point.getBoundingClientRect();
    at(box.right + 6, box.top - 6);
  }

  function hide(plot) {
    tip.hidden = true;
    const cross = plot.querySelector(".cross");
    if (cross) cross.classList.remove("on");
  }

  function middle(box) { return [(box.left + box.right) / 2, (box.top + box.bottom) / 2]; }

  function nearest(points, event) {
    let best = null, least = 28;
    for (const point of points) {
      const [x, y] = middle(point.getBoundingClientRect());
      const far = Math.hypot(x - event.clientX, y - event.clientY);
      if (far < least) { least = far; best = point; }
    }
    return best;
  }

  for (const plot of document.querySelectorAll(".plot")) {
    const hits = [...plot.querySelectorAll(".hit")];
    const points = [...plot.querySelectorAll(".pt")];
    let column = -1;

    function under(event) {
      const point = event.target.closest(".pt");
      return point && hits[point.dataset.k] || event.target.closest(".hit");
    }
    function hover(event) {
      const hit = under(event), point = event.target.closest(".pt");
      if (hit) showColumn(plot, hit);
      else if (point) showPoint(point);
    }
    function along(step) {
      const old = points.indexOf(document.activeElement);
      if (!hits.length) return points[Math.max(0, Math.min(points.length - 1, old + step))];
      column = column === -1 ? (step > 0 ? 0 : hits.length - 1) : Math.max(0, Math.min(hits.length - 1, column + step));
      const here = points.filter(function (point) { return +point.dataset.k === column; });
      const line = old === -1 ? null : points[old].parentNode;
      showColumn(plot, hits[column]);
      return here.find(function (point) { return point.parentNode === line; }) || here[0];
    }
    function across(step) {
      const here = points.filter(function (point) { return !hits.length || +point.dataset.k === column; });
      here.sort(function (a, b) { return a.getBoundingClientRect().top - b.getBoundingClientRect().top; });
      return here[Math.max(0, Math.min(here.length - 1, here.indexOf(document.activeElement) + step))];
    }

    plot.addEventListener("pointermove", hover);
    plot.addEventListener("pointerdown", hover);
    plot.addEventListener("pointerleave", function (event) { if (event.pointerType !== "touch") hide(plot); });
    plot.addEventListener("focusin", function (event) {
      const hit = under(event);
      if (hit) { column = hits.indexOf(hit); showColumn(plot, hit); }
      else if (event.target.matches(".pt")) showPoint(event.target);
    });
    plot.addEventListener("focusout", function (event) {
      if (!plot.contains(event.relatedTarget)) { column = -1; hide(plot); }
    });
    plot.addEventListener("click", function (event) {
      const point = event.target.closest(".pt") || nearest(points, event);
      if (point) { event.preventDefault(); open(leads(point)); }
    });
    plot.addEventListener("keydown", function (event) {
      if (event.key === "Escape") return hide(plot);
      const side = { ArrowRight: 1, ArrowLeft: -1 }[event.key], up = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!side && !(up && column !== -1)) return;
      event.preventDefault();
      const point = side ? along(side) : across(up);
      if (point) point.focus({ preventScroll: true });
    });
  }

  document.addEventListener("pointerdown", function (event) {
    for (const plot of document.querySelectorAll(".plot")) if (!plot.contains(event.target)) hide(plot);
    if (event.target.closest(".plot")) tip.hidden = false;
  });

  // The panel: the rows behind a point, and the command that makes them.

  function lines(hash) {
    const names = decodeURIComponent(hash).split("+").filter(Boolean);
    const found = names.map(function (name) { return document.getElementById(name); });
    if (found.length && found.every(function (line) { return line && line.matches(".rows tr"); })) return found;
    if (!/^[0-9a-f]{8,}$/.test(hash)) return [];
    return [...document.querySelectorAll(".rows tr")].filter(function (line) {
      return line.cells[6].textContent.split(" ").some(function (key) {
        return key.startsWith(hash) || (key.length > 8 && hash.startsWith(key));
      });
    });
  }

  function quoted(text) { return /^[\w.,:=@%+/-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'"; }

  function copyable(parent, text) {
    const box = put(parent, "div", undefined, "code");
    put(put(box, "pre"), "code", text);
    const button = put(box, "button", "Copy", "copy");
    button.type = "button";
    copies(button);
  }

  function describe(line) {
    const [measured, cell, mean, seeds, values, samples, keys, budget] = [...line.cells];
    const settings = [...cell.querySelectorAll("code")].map(function (code) { return code.textContent; });
    const part = put(body, "section");
    put(part, "h3", measured.textContent + ": " + mean.textContent);
    const told = put(part, "dl", undefined, "facts");
    for (const setting of settings) {
      const pair = put(told, "div");
      put(pair, "dt", setting.slice(0, setting.indexOf("=")));
      put(pair, "dd", setting.slice(setting.indexOf("=") + 1));
    }
    const table = put(put(part, "div", undefined, "scroll"), "table", undefined, "numbers");
    const head = put(put(table, "thead"), "tr");
    for (const name of ["seed", "value", "samples", "key"]) put(head, "th", name).scope = "col";
    const columns = [seeds, values, samples, keys].map(function (of) { return of.textContent.split(" "); });
    columns[0].forEach(function (_, k) {
      const row = table.appendChild(document.createElement("tr"));
      for (const column of columns) put(row, "td", column[k]);
    });
    if (budget.textContent) put(part, "p", "Measured with " + budget.textContent + ".", "caption");
    if (settings.some(function (text) { return text.startsWith("study="); })) return;
    const changes = settings.map(function (text) { return " --set " + quoted(text); }).join("");
    copyable(part, panel.dataset.command + changes);
  }

  function leads(link) { return link.dataset.points || link.getAttribute("href").slice(1); }

  function open(hash) {
    const found = lines(hash);
    body.replaceChildren();
    title.textContent = found.length > 1 ? "The rows behind these numbers" : "The rows behind this number";
    found.forEach(describe);
    if (!found.length) put(body, "p", "Its rows are not in this page, which would be too large; rows.jsonl has them.");
    const share = put(body, "p", "A link to this: ", "caption");
    put(share, "a", "#" + hash).href = "#" + hash;
    history.replaceState(null, "", "#" + hash);
    if (!panel.open) panel.showModal();
    title.focus();
    panel.scrollTop = 0;
    tip.hidden = true;
  }

  function follow() {
    const hash = location.hash.slice(1);
    if (lines(hash).length) open(hash);
  }

  document.addEventListener("click", function (event) {
    const cell = event.target.closest("a.cell");
    if (!cell || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open(leads(cell));
  });
  document.getElementById("panel-close").addEventListener("click", function () { panel.close(); });
  panel.addEventListener("click", function (event) { if (event.target === panel) panel.close(); });
  panel.addEventListener("close", function () { history.replaceState(null, "", location.pathname + location.search); });
  addEventListener("hashchange", follow);

  function copies(button) {
    button.hidden = false;
    button.addEventListener("click", async function () {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(function () { button.textContent = "Copy"; }, 1500);
    });
  }
  document.querySelectorAll(".copy").forEach(copies);

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", function () {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
  follow();
})();

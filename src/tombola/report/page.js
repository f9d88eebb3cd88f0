"use strict";
(function () {
  const tip = document.getElementById("tip");
  const root = document.documentElement;

  function put(parent, name, text) {
    const made = parent.appendChild(document.createElement(name));
    if (text) made.textContent = text;
    return made;
  }

  function fill(text) {
    const lines = text.split("\n");
    tip.replaceChildren();
    if (lines[0]) put(tip, "p", lines[0]);
    for (const line of lines.slice(1)) {
      const [colour, name, value, seeds] = line.split("\t");
      const row = put(tip, "div");
      put(row, "i").className = "c" + colour;
      put(row, "span", name);
      put(row, "b", value);
      put(row, "em", seeds);
    }
  }

  function show(plot, hit) {
    fill(hit.dataset.tip);
    tip.hidden = false;
    const cross = plot.querySelector(".cross");
    const along = hit.dataset.y === undefined ? "x" : "y";
    cross.setAttribute(along + "1", hit.dataset[along]);
    cross.setAttribute(along + "2", hit.dataset[along]);
    cross.classList.add("on");
    const box = plot.getBoundingClientRect();
    const x = box.left + (hit.dataset.x / plot.viewBox.baseVal.width) * box.width;
    const left = Math.max(12, Math.min(x + 14, root.clientWidth - tip.offsetWidth - 12));
    const over = along === "x" ? 24 : (hit.dataset.y / plot.viewBox.baseVal.height) * box.height - 12;
    const top = Math.max(8, box.top - tip.offsetHeight + over);
    tip.style.left = left + window.scrollX + "px";
    tip.style.top = top + window.scrollY + "px";
  }

  function hide(plot) {
    tip.hidden = true;
    plot.querySelector(".cross").classList.remove("on");
  }

  for (const plot of document.querySelectorAll(".plot")) {
    const hits = [...plot.querySelectorAll(".hit")];
    let at = -1;
    plot.addEventListener("pointermove", function (event) {
      if (event.target.classList.contains("hit")) show(plot, event.target);
    });
    plot.addEventListener("pointerdown", function (event) {
      if (event.target.classList.contains("hit")) show(plot, event.target);
    });
    plot.addEventListener("pointerleave", function (event) {
      if (event.pointerType !== "touch") hide(plot);
    });
    document.addEventListener("pointerdown", function (event) {
      if (!plot.contains(event.target)) plot.querySelector(".cross").classList.remove("on");
    });
    plot.addEventListener("blur", function () { at = -1; hide(plot); });
    plot.addEventListener("keydown", function (event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") hide(plot);
      if (!step || !hits.length) return;
      event.preventDefault();
      at = at === -1 ? (step === 1 ? 0 : hits.length - 1) : Math.max(0, Math.min(hits.length - 1, at + step));
      show(plot, hits[at]);
    });
  }

  document.addEventListener("pointerdown", function (event) {
    if (!event.target.closest(".plot")) tip.hidden = true;
  });

  for (const button of document.querySelectorAll(".copy")) {
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

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", function () {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
})();

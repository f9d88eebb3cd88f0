// What scrolls sideways gets a tab stop, so that the keyboard reaches its end.
// The theme gives one to code alone, and only where there is a mouse; it also takes it away, so it is put back.
const scrolling = "pre > code, .md-typeset__scrollwrap";

function settle(element) {
  const scrolls = element.scrollWidth > element.clientWidth;
  if (scrolls === element.hasAttribute("tabindex")) return;
  if (scrolls) element.setAttribute("tabindex", "0");
  else element.removeAttribute("tabindex");
}

document$.subscribe(() => {
  const sizes = new ResizeObserver((changes) => changes.forEach((change) => settle(change.target)));
  const stops = new MutationObserver((changes) => changes.forEach((change) => settle(change.target)));
  for (const element of document.querySelectorAll(scrolling)) {
    sizes.observe(element);
    stops.observe(element, { attributeFilter: ["tabindex"] });
  }
});

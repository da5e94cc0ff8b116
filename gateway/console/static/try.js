// Asks for the page anew after every pause in typing, and puts in what has changed. Everything is
// written by the server; here nothing is known of mappings.
"use strict";

const PAUSE = 300; // milliseconds
const form = document.getElementById("try");
let waiting = 0;
let asking = null;

function typed() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE);
}

async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  form.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal });
    const text = await answer.text();
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(text, "text/html"));
  } catch (error) {
    if (mine.signal.aborted) return;
    document.getElementById("summary").textContent = "The gateway did not answer. Type on to ask again.";
  }
  if (asking === mine) form.removeAttribute("aria-busy");
}

function show(page) {
  const open = new Set([...form.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  for (const region of form.querySelectorAll("[data-region]")) {
    const fresh = page.getElementById(region.id);
    if (region.innerHTML === fresh.innerHTML) continue;
    const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    if (focused === "verb") continue;
    region.replaceChildren(...fresh.childNodes);
    for (const one of region.querySelectorAll("details")) one.open = open.has(one.dataset.key);
    if (focused) [...region.querySelectorAll("summary, button")].find((one) => keyOf(one) === focused)?.focus();
  }
  for (const pane of form.querySelectorAll(".code")) number(pane);
}

function keyOf(element) {
  return element.id || element.closest("details")?.dataset.key || element.textContent;
}

function number(pane) {
  const text = pane.querySelector("textarea");
  const gutter = pane.querySelector(".gutter") ?? pane.insertBefore(document.createElement("pre"), text);
  gutter.className = "gutter";
  gutter.ariaHidden = "true";
  const marks = new Map();
  for (const one of document.querySelectorAll(`#findings-${text.id} .place`)) {
    marks.set(Number(one.dataset.line), one.closest("li").className);
  }
  const lines = text.value.split("\n").map((_, index) => {
    const line = document.createElement("span");
    line.textContent = `${index + 1}\n`;
    line.className = marks.get(index + 1) ?? "";
    return line;
  });
  gutter.replaceChildren(...lines);
  gutter.scrollTop = text.scrollTop;
  text.setAttribute("aria-invalid", String([...marks.values()].includes("error")));
}

function goTo(button) {
  const { field, line, column, length } = button.dataset;
  const text = document.getElementById(field);
  const before = text.value.split("\n").slice(0, line - 1);
  const start = before.reduce((sum, one) => sum + one.length + 1, 0) + Number(column) - 1;
  text.focus();
  const rest = text.value.slice(start).split("\n")[0];
  const word = rest.match(/^[\w.$-]+/)?.[0] ?? rest; // a place says where something begins
  text.setSelectionRange(start, start + Math.max(Number(length), word.length));
  const height = text.scrollHeight / text.value.split("\n").length;
  text.scrollTop = Math.max(0, (line - 4) * height);
  text.scrollLeft = 0;
}

form.addEventListener("input", typed);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest(".place");
  if (button) goTo(button);
});
for (const pane of form.querySelectorAll(".code")) {
  const text = pane.querySelector("textarea");
  text.addEventListener("scroll", () => (pane.querySelector(".gutter").scrollTop = text.scrollTop));
  text.addEventListener("input", () => number(pane));
  number(pane);
}

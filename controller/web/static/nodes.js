// A technician's page that stays open: the server draws its changing part anew, we put it in. Nothing is asked for while
// nobody looks; a link that is gone is told, with the moment of what is still shown.

import { say, time } from "./words.js";

const SOON_MS = 1000; // a test goes on
const live = document.getElementById("live");
const lost = document.getElementById("link-lost");
let shown = null; // as the server said it: the browser writes HTML in its own way
let drawn = new Date();

async function look() {
  try {
    const answer = await fetch(live.dataset.from, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // the session is over: to the door, and back
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (text !== shown) draw(text);
    shown = text;
    drawn = new Date();
    lost.hidden = true;
  } catch { // no answer, half of one, or none that can be drawn: what stands here is old
    lost.textContent = say("node-lost", { time: time(drawn.toISOString(), true) });
    lost.hidden = false;
  }
}

// What somebody opened, shut or stands on stays as they left it.
function draw(text) {
  const focus = document.activeElement?.id;
  const folds = new Map([...live.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  for (const part of fresh.content.querySelectorAll("[data-part]")) {
    live.querySelector(`[data-part=${part.dataset.part}]`).replaceChildren(...part.childNodes);
  }
  for (const each of live.querySelectorAll("details[id]")) each.open = folds.get(each.id) ?? each.open;
  if (focus && document.activeElement?.id !== focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

async function follow() {
  const busy = live.querySelector("[data-busy='1']") !== null;
  await new Promise((done) => setTimeout(done, busy ? SOON_MS : Number(live.dataset.every)));
  if (!document.hidden) await look();
  follow();
}

document.addEventListener("visibilitychange", () => document.hidden || look());
follow();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = say("node-copied");
    } catch { // not allowed here: ready to be copied by hand
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });
}

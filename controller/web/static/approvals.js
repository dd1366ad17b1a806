// What waits for a yes; a word when the list is old.

import "./decide.js";

const LOOK_MS = 15_000;
const list = document.getElementById("waiting");

setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/api/v1/approvals").catch(() => null);
  if (!answer?.ok) return;
  const cards = (await answer.json()).filter((each) => each.own || (each.may_approve && each.state === "submitted"));
  const ids = cards.map((each) => `${each.id}:${each.state}`);
  const known = list.dataset.ids.split(" ").filter(Boolean);
  document.getElementById("changed").hidden = ids.length === known.length && ids.every((id) => known.includes(id));
}, LOOK_MS);

// The sheet that is printed: a row a village, when it was over there, and who missed it, with the reason.

import { element } from "./build.js";
import { SHORT, isGood } from "./ledger.js";
import { reason } from "./missed.js";
import { dated, length, say, states, time } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Paper {
  #airing = null;
  #ledger = null;

  constructor() {
    $("print").addEventListener("click", () => window.print());
    window.addEventListener("beforeprint", () => this.#fill());
  }

  // Of 9,000 loudspeakers that move four times a second nobody prints a sheet: it is filled when it is over, or wanted.
  draw(airing, ledger) {
    this.#airing = airing;
    this.#ledger = ledger;
    if (airing.ended) this.#fill();
  }

  #fill() {
    if (this.#ledger === null) return;
    const villages = [...this.#ledger.villages()].sort((one, other) => one.commune.localeCompare(other.commune, "vi"));
    const communes = new Set(villages.map(({ commune }) => commune)).size > 1;
    const rows = villages.map((village) => row(village, communes));
    const head = element("tr");
    head.append(...[say("paper-place"), say("paper-heard"), say("paper-at"), say("paper-missed")].map(title));
    $("paper-head").replaceChildren(head);
    $("paper-rows").replaceChildren(...rows);
    $("paper-said").textContent = say("paper-said", { time: dated(this.#airing.start), length: length(this.#airing.duration_ms) });
    $("paper-made").textContent = say("paper-made", { time: dated(new Date().toISOString()) });
  }
}

function title(words) {
  return Object.assign(element("th", "", words), { scope: "col" });
}

function row({ name, commune, nodes }, communes) {
  const heard = nodes.filter(({ step }) => isGood(step));
  const last = heard.map(({ node }) => node.at).sort().at(-1);
  const rest = nodes.filter(({ step }) => !isGood(step));
  const missed = rest.map(({ node, step }) => `${node.name}: ${SHORT.includes(step) ? reason(step, node.why) : states[step]}`);
  const line = element("tr");
  line.append(
    Object.assign(element("th", "", communes ? `${name} · ${commune}` : name), { scope: "row" }),
    element("td", "", `${heard.length}/${nodes.length}`),
    element("td", "", last ? time(last, true) : "–"),
    element("td", "", missed.join("; ") || say("paper-all")),
  );
  return line;
}

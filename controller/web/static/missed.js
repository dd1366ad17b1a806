// Who missed an airing and why, one line a reason; and once it is over, to say it again for them.

import { element } from "./build.js";
import { SHORT } from "./ledger.js";
import { lang, say, states, why } from "./words.js";

const NAMES = 12;
const $ = (id) => document.getElementById(id);

export class Missed {
  #airing = null;
  #villages = [];

  constructor(screen) {
    this.may = screen.dataset.says === "1";
    $("repeat").addEventListener("click", () => this.#ask());
    $("again").addEventListener("close", () => $("again").returnValue === "yes" && this.#repeat());
  }

  draw(airing, ledger) {
    this.#airing = airing;
    const reasons = new Map();
    this.#villages = [];
    for (const village of ledger.villages()) {
      const short = village.nodes.filter(({ step }) => SHORT.includes(step));
      for (const { node, step } of short) {
        const key = `${step} ${node.why}`;
        if (!reasons.has(key)) reasons.set(key, { step, text: reason(step, node.why), names: [] });
        reasons.get(key).names.push(node.name);
      }
      if (short.length) this.#villages.push({ name: village.name, heard: village.nodes.length - short.length });
    }
    const number = [...reasons.values()].reduce((sum, { names }) => sum + names.length, 0);
    $("missed").hidden = number === 0 || Boolean(airing.cancelled);
    $("missed-title").textContent = number === 1 ? say("missed-one") : say("missed-many", { number });
    $("missed-list").replaceChildren(...[...reasons.values()].sort((a, b) => b.names.length - a.names.length).map((each) => line(each, ledger)));
    $("repeat").hidden = !this.may || !airing.ended || airing.class === "emergency";
  }

  // A whole village sounds: who lives by a loudspeaker that played it hears it twice, and is told of here.
  #ask() {
    const names = (villages) => shortened(villages.map(({ name }) => name));
    const twice = this.#villages.filter(({ heard }) => heard > 0);
    const [first] = this.#villages;
    $("again-title").textContent = this.#villages.length === 1 ? say("repeat-ask-one", { village: first.name }) : say("repeat-ask", { number: this.#villages.length });
    $("again-tell").textContent = say("repeat-tell", { title: this.#airing.title, villages: names(this.#villages) });
    $("again-twice").textContent = twice.length ? say("repeat-twice", { number: twice.reduce((sum, { heard }) => sum + heard, 0), villages: names(twice) }) : "";
    $("again-twice").hidden = twice.length === 0;
    $("again").returnValue = "";
    $("again").showModal();
  }

  // Pressed twice or in another tab, the server gives the first one's repeat.
  async #repeat() {
    $("repeat").disabled = true;
    $("repeat-problem").hidden = true;
    const answer = await fetch(`/api/v1/airings/${this.#airing.id}/repeat`, { method: "POST" }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (answer?.ok && said) {
      window.location.assign(`/airings/${said.id}`);
      return;
    }
    $("repeat").disabled = false;
    $("repeat-problem").textContent = answer?.status === 401 ? say("signed-out") : said?.[`message_${lang}`] ?? say("no-link");
    $("repeat-problem").hidden = false;
  }
}

export function reason(step, code) {
  return code ? `${states[step]}: ${lower(why(code))}` : states[step];
}

function line({ step, text, names }, ledger) {
  const row = element("li");
  const sign = element("span", `cell s-${step}`);
  sign.append(ledger.sign(step));
  const told = element("span");
  told.append(element("strong", "", shortened(names)), `: ${lower(text)}.`);
  row.append(sign, told);
  return row;
}

function shortened(names) {
  return names.length <= NAMES ? names.join(", ") : `${names.slice(0, NAMES).join(", ")} ${say("and-more", { number: names.length - NAMES })}`;
}

// A sentence inside a sentence.
function lower(text) {
  const bare = text.replace(/\.$/, "");
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}

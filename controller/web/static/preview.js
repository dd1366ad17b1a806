// What airing a bulletin would change, in words: what is in the way first, then who hears it when. Asks what to do.

import { lang, length, say, time } from "./words.js";

const $ = (id) => document.getElementById(id);
const NAMED = 4;
const WHOLE = new Set(["plays", "later.taken"]);
const SIGNS = { bad: "✕", warn: "!", good: "✓" };

function places(villages, all) {
  if (villages.length === all && all > 1) return say("everywhere", { number: all });
  const names = villages.slice(0, NAMED).map((village) => village.name).join(", ");
  return villages.length === 1 ? names : say("some-villages", { number: villages.length, names: names + (villages.length > NAMED ? "…" : "") });
}

// [{ kind, where, what }]: of the new wish (it was none before), and of what would be said otherwise for it.
export function told(preview) {
  const rows = [];
  for (const group of preview.groups) {
    const where = places(group.villages, preview.villages);
    for (const { before, after } of group.decisions) {
      if (before !== null && after !== null) {
        if (before.code !== after.code || before.at !== after.at) rows.push({ kind: "warn", where, what: say("pushed", { title: after.sounds?.[0] || after.title, why: after.text[lang] }) });
      } else if (after !== null && before === null) {
        const kind = after.code === "plays" ? "good" : WHOLE.has(after.code) ? "warn" : "bad";
        rows.push({ kind, where, what: kind === "good" ? say("heard-at", { time: time(after.at) }) : after.text[lang], mine: true, whole: WHOLE.has(after.code) });
      }
    }
  }
  const order = Object.keys(SIGNS);
  return rows.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

export class Preview {
  // Show it and wait: "yes", "edit" or "drop".
  ask(preview, clip) {
    const rows = told(preview);
    $("preview-sound").textContent = clip ? sound(clip) : "";
    $("preview-list").replaceChildren(...rows.map((row) => {
      const line = Object.assign(document.createElement("li"), { className: `preview-${row.kind}` });
      const sign = Object.assign(document.createElement("span"), { className: "preview-sign", textContent: SIGNS[row.kind], ariaHidden: "true" });
      const words = document.createElement("span");
      words.append(Object.assign(document.createElement("strong"), { textContent: `${row.where}:` }), ` ${row.what}`);
      line.append(sign, words);
      return line;
    }));
    $("preview-yes").hidden = !rows.some((row) => row.whole);
    $("preview").hidden = false;
    $("preview").focus();
    $("preview").scrollIntoView({ block: "nearest" });
    return new Promise((resolve) => {
      const answers = { yes: $("preview-yes"), edit: $("preview-edit"), drop: $("preview-drop") };
      for (const [answer, button] of Object.entries(answers)) button.onclick = () => { this.close(); resolve(answer); };
    });
  }

  close() {
    $("preview").hidden = true;
  }
}

// How long the prepared sound is, and how loud: -16 LUFS is what every clip is brought to.
export function sound(clip) {
  const off = clip.loudness_lufs + 16;
  const level = off < -1 ? say("loud-low") : off > 1 ? say("loud-high") : say("loud-good");
  return say("clip-about", { length: length(clip.duration_ms), level });
}

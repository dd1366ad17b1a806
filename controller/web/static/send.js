// On its way to the server: sent until it arrives, never as two; then watched while its sound is prepared; then aired.

const FIRST_WAIT_MS = 1_000, LONGEST_WAIT_MS = 15_000, STALLED_MS = 30_000;
export const STALE_MS = 10 * 60_000; // "now" is not ten minutes later

// A new name for a bulletin: what is sent twice under it is one.
export function newName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  } catch {
    throw { code: "no-link" };
  }
  const said = await answer.json().catch(() => ({ code: "no-link" }));
  if (!answer.ok) throw said;
  return said;
}

export class Sender {
  #stop = null; // of what is under way

  // `progress(share)`, `waiting(on)`: the link is gone, or back.
  constructor({ progress, waiting }) {
    Object.assign(this, { progress, waiting });
  }

  // End what is waited for, whatever it is doing; it is refused with this code.
  stop(code = "stopped") {
    this.#stop?.abort({ code });
  }

  // Do it until the link lets it; `goodUntil`: after that moment it is not done by itself any more. `deed(signal)` ends with the signal.
  async lasting(deed, goodUntil = Infinity) {
    const { signal } = (this.#stop = new AbortController());
    const stopped = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    stopped.catch(() => {}); // mostly nobody stops it
    try {
      for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
        try {
          return await Promise.race([deed(signal), stopped]);
        } catch (problem) {
          if (problem?.code !== "no-link") throw problem;
        }
        this.waiting(true);
        await Promise.race([this.#pause(wait), stopped]);
        if (Date.now() > goodUntil) throw { code: "stale" };
      }
    } finally {
      this.waiting(false);
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const done = () => { clearTimeout(timer); removeEventListener("online", done); resolve(); };
      const timer = setTimeout(done, ms);
      addEventListener("online", done);
    });
  }

  // XMLHttpRequest, because fetch tells nothing of an upload's progress.
  upload(fields, file, signal) {
    const form = new FormData();
    for (const [name, value] of fields) form.append(name, value);
    form.append("file", file);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", "/api/v1/bulletins");
      request.responseType = "json";
      let stalled = 0;
      const moves = () => { clearTimeout(stalled); stalled = setTimeout(() => request.abort(), STALLED_MS); };
      request.upload.onprogress = (event) => { moves(); this.progress(event.total ? event.loaded / event.total : 0); };
      request.onloadend = () => clearTimeout(stalled);
      signal.addEventListener("abort", () => request.abort());
      moves();
      request.onload = () => (request.status === 202 ? resolve(request.response) : reject(request.response ?? { code: "no-link" }));
      request.onerror = request.onabort = () => reject({ code: "no-link" });
      request.send(form);
    });
  }

  // The bulletin once nothing is prepared any more.
  follow(bulletin, prepared, signal) {
    return new Promise((resolve, reject) => {
      const events = new EventSource(`/api/v1/bulletins/${bulletin}/events`);
      events.addEventListener("bulletin", (event) => {
        const said = JSON.parse(event.data);
        this.waiting(false);
        prepared(said.progress);
        if (said.preparing) return;
        events.close();
        resolve(said);
      });
      // An EventSource comes back by itself, unless it was refused; the bulletin is kept on the server meanwhile.
      events.onerror = () => {
        if (events.readyState !== EventSource.CLOSED) return this.waiting(true);
        call("GET", `/bulletins/${bulletin}`).then((said) => (said.preparing ? reject({ code: "no-link" }) : resolve(said)), reject);
      };
      signal.addEventListener("abort", () => events.close());
    });
  }

  // Air it; an answer that was lost on its way back is looked for, not asked for again.
  air(asked, goodUntil) {
    return this.lasting(async () => (await this.#aired(asked.bulletin)) ?? (await call("POST", "/airings", asked)), goodUntil);
  }

  async #aired(bulletin) {
    const recent = await call("GET", "/airings?limit=100");
    return recent.find((airing) => airing.bulletin === bulletin && !airing.cancelled);
  }
}

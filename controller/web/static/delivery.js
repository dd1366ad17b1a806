// From the button to the airing: each bulletin is sent, prepared and aired; what is in the way is shown, and a person decides.
// A job is one bulletin: { name, content, to, owner, places, bulletin, airing, done }. Jobs are kept with the draft.

import { Preview, sound } from "./preview.js";
import { call, newName, Sender, STALE_MS } from "./send.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Delivery {
  jobs = [];
  busy = false;
  uploading = false;
  #head = "";
  #airsItself = false; // the server has it, and airs it without this page

  constructor({ tree, keep, done }) {
    Object.assign(this, { tree, keep, done });
    this.preview = new Preview();
    this.sender = new Sender({ progress: (share) => this.#tell(say("sending"), share), waiting: (on) => this.#waiting(on) });
    $("sending-stop").addEventListener("click", () => this.sender.stop(this.#airsItself ? "stopped-waiting" : "stopped"));
  }

  async send(letter) {
    this.busy = true;
    this.#head = "";
    $("sending-about").textContent = "";
    const pressed = Date.now();
    this.#airsItself = false;
    try {
      const jobs = this.#plan(letter);
      await this.#withdraw(this.jobs.filter((job) => job.bulletin && !jobs.some(({ bulletin }) => bulletin === job.bulletin)), jobs[0]?.content);
      this.jobs = jobs;
      this.keep();
      for (const [index, job] of this.jobs.entries()) {
        this.#head = this.jobs.length > 1 ? say("sending-one", { number: index + 1, all: this.jobs.length }) : "";
        if (!job.done) await this.#one(job, letter, letter.wish.at ? Infinity : pressed + STALE_MS);
        this.keep();
      }
    } finally {
      this.busy = this.uploading = false;
      $("sending").hidden = true;
      this.keep();
    }
    this.done(this.jobs);
  }

  // What is known of what was sent before: it may have been aired since, or be no more.
  async look() {
    for (const job of this.jobs.filter((each) => each.bulletin && !each.done)) {
      const said = await call("GET", `/bulletins/${job.bulletin}`).catch((problem) => problem);
      if (said.airing) Object.assign(job, { airing: said.airing, done: true });
      if (said.code === "bulletin.unknown" || said.error?.code.startsWith("audio.")) job.bulletin = null;
    }
    return this.jobs.filter((job) => job.bulletin);
  }

  async giveUp() {
    for (const job of this.jobs) if (job.bulletin && !job.done) await call("POST", `/bulletins/${job.bulletin}/cancel`).catch(() => null);
    this.jobs = [];
  }

  // One job for each target; what was sent already is not sent again, if it says the same and may be said there.
  #plan({ content, at, targets }) {
    const same = JSON.stringify([content.filter(([name]) => name !== "until"), at]);
    const known = this.jobs.filter((job) => job.content === same);
    return targets.map(({ to, owner = null }) => {
      const fits = (job) => (owner ? job.wanted === owner : !job.wanted && (job.bulletin ? to.every((unit) => this.tree.isUnder(unit, job.owner)) : job.to.join() === to.join()));
      const found = known.find(fits);
      if (found) known.splice(known.indexOf(found), 1);
      const places = (owner ? [owner] : to).map((unit) => this.tree.name(unit)).join(", ");
      const job = found ?? { name: newName(), content: same, bulletin: null, airing: null, done: false };
      return { ...job, to, wanted: owner, places };
    });
  }

  // What was sent and is now other is given up first, so that never both are said; what can't be taken back is shown.
  async #withdraw(jobs, content) {
    for (const job of jobs) {
      if (job.done && job.content === content) continue; // said at another place, as it was wished then
      this.#tell(say("looking"), 0);
      const said = await this.sender.lasting(() => call("POST", `/bulletins/${job.bulletin}/cancel`)).catch((problem) => {
        if (problem?.code !== "bulletin.unknown") throw problem;
        return {};
      });
      const promised = said.state === "submitted" || (job.wanted && said.clip && said.state === "approved");
      if (said.airing || promised) throw { code: "sent-before", title: said.title, href: said.airing ? `/airings/${said.airing}` : `/bulletins/${job.bulletin}` };
    }
  }

  async #one(job, letter, goodUntil) {
    const fresh = !job.bulletin;
    if (fresh) await this.#upload(job, letter, goodUntil);
    this.#airsItself = true;
    this.#tell(say("preparing"), 0);
    const said = await this.sender.lasting((signal) => this.sender.follow(job.bulletin, (share) => this.#tell(say("preparing"), share), signal));
    this.#airsItself = false;
    if (said.clip) $("sending-about").textContent = sound(said.clip);
    if (said.error && !said.clip) {
      Object.assign(job, { name: newName(), bulletin: null }); // another sound is another bulletin
      throw said.error;
    }
    if (said.airing || job.wanted) return Object.assign(job, { airing: said.airing, done: true });
    if (said.state !== "approved") return Object.assign(job, { done: true }); // somebody else decides
    const asked = { bulletin: job.bulletin, to: job.to, ...letter.wish };
    const problem = fresh ? said.error ?? {} : await this.#air(job, { ...asked, if_clear: true }, goodUntil);
    if (problem) await this.#ask(job, asked, said.clip, problem, goodUntil);
    return job;
  }

  async #upload(job, { content, wish, file }, goodUntil) {
    const fields = [...content, ["draft", job.name], ...Object.entries(wish), ...job.to.map((unit) => ["to", unit])];
    if (job.wanted) fields.push(["owner", job.wanted]);
    else fields.push(["if_clear", "true"]);
    this.#airsItself = false;
    this.uploading = true;
    this.#tell(say("sending"), 0);
    const said = await this.sender.lasting((signal) => this.sender.upload(fields, file, signal), goodUntil).finally(() => { this.uploading = false; });
    Object.assign(job, { bulletin: said.id, owner: said.owner });
    $("sending-about").textContent = job.wanted ? "" : say("kept");
    this.keep();
  }

  // Null when it is aired, or what stands in its way.
  async #air(job, asked, goodUntil) {
    this.#tell(say("looking"), 1);
    try {
      const airing = await this.sender.air(asked, goodUntil);
      Object.assign(job, { airing: airing.id, done: true });
      return null;
    } catch (problem) {
      if (problem?.code?.startsWith("consent.")) return this.#submit(job, asked);
      if (!problem?.code?.startsWith("airing.")) throw problem;
      return problem;
    }
  }

  // A yes is wanted: it waits with all that was wished of it.
  async #submit(job, { bulletin, if_clear, ...wish }) {
    await this.sender.lasting(() => call("POST", `/bulletins/${bulletin}/submit`, { wish }));
    Object.assign(job, { done: true });
    return null;
  }

  async #ask(job, asked, clip, problem, goodUntil) {
    this.#tell(say("looking"), 1);
    const shown = await this.sender.lasting(() => call("POST", "/airings/preview", asked)).catch((refused) => { throw problem.code ? problem : refused; });
    $("sending").hidden = true;
    const answer = await this.preview.ask(shown, clip);
    if (answer !== "yes") throw { code: answer };
    const refused = await this.#air(job, asked, Date.now() + STALE_MS);
    if (refused) throw refused;
  }

  #tell(words, share) {
    $("sending").hidden = false;
    $("sending-say").textContent = this.#head + words;
    $("sending-bar").value = share;
  }

  #waiting(on) {
    $("sending-stop").hidden = !on;
    $("sending-stop").textContent = this.#airsItself ? say("stop-waiting") : say("stop-trying");
    $("problem").hidden = !on;
    if (on) $("problem").textContent = say("waiting-link");
  }
}

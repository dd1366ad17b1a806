// The form: a sound, a title, places, a moment, one button. Whatever goes wrong, nothing that was filled in is lost.

import { Delivery } from "./delivery.js";
import { Shelf } from "./shelf.js";
import { Sound } from "./sound.js";
import { Tree } from "./tree.js";
import { lang, say, time } from "./words.js";

const MAX_FILE = 300_000_000;
const $ = (id) => document.getElementById(id);
const picked = (name) => document.querySelector(`[name=${name}]:checked`)?.value;

class Compose {
  #ready = false;
  #since = 0;

  constructor(person) {
    this.person = person;
    this.shelf = new Shelf(person);
    this.offers = JSON.parse($("may").textContent).offers;
    this.sound = new Sound(this.shelf, { changed: () => this.#changed(), told: (words) => this.#tellSound(words), named: (title) => { $("title").value ||= title; this.#changed(); } });
    this.tree = new Tree(() => this.#changed());
    this.delivery = new Delivery({ tree: this.tree, keep: () => this.#keep(), done: (jobs) => this.#done(jobs) });
    $("compose").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    for (const name of ["input", "change"]) $("compose").addEventListener(name, () => this.#changed());
    $("again").addEventListener("click", () => this.tree.choose(this.#before()));
    $("draft-drop").addEventListener("click", () => this.#drop());
    $("draft-go").addEventListener("click", () => this.#send());
    this.#usual();
    addEventListener("beforeunload", (event) => this.#wouldLose && event.preventDefault());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    this.#start();
  }

  async #start() {
    await this.shelf.claim();
    const touch = matchMedia("(hover: none)").matches;
    this.sound.how = localStorage.getItem(`tienglang-how-${this.person}`) ?? (touch ? "record" : "file");
    if (this.tree.all.length === 1) this.tree.choose(this.tree.all);
    const before = this.#before();
    $("again").hidden = this.tree.all.length === 1 || !before.length || !before.every((id) => this.tree.all.includes(id));
    if (this.shelf.mine) await this.#restore();
    else this.#draft(say("draft-elsewhere"), false);
    this.sound.early();
    this.#ready = true;
    this.#changed();
    $("say").disabled = false; // until now a press would have sent the form as browsers do, and lost it
  }

  get #wouldLose() { return this.delivery.uploading || this.sound.recording || (this.#ready && this.sound.file !== null && !this.sound.kept); }
  get #when() { return picked("when"); }
  get #offer() { return this.#when === "programme" ? this.offers[picked("offer")] : undefined; }
  #before() { return (localStorage.getItem(`tienglang-places-${this.person}`) ?? "").split(" ").filter(Boolean); }

  #changed() {
    if (!this.tree || !this.delivery) return; // still being made
    const when = this.#when;
    $("later").hidden = when !== "later";
    $("in-programme").hidden = when !== "programme";
    if (when === "later" && !$("at").value) $("at").value = usualTimes()[0].value;
    const shared = when === "programme" && this.#offer?.owner;
    $("field-units").hidden = Boolean(shared);
    $("language-hint").hidden = $("language").value === "vi";
    const klass = picked("class") === "priority" ? say("class-priority") : say("class-normal");
    $("about-say").textContent = `${klass}, ${$("language").selectedOptions[0].textContent}`;
    const { nodes, groups } = this.tree;
    $("apart").hidden = when === "programme" || groups.length < 2;
    if (groups.length > 1) $("apart").textContent = say("apart", { number: groups.length, places: groups.map((group) => group.map((unit) => this.tree.name(unit)).join(", ")).join("; ") });
    $("say-words").textContent = when === "programme" ? say("say-programme") : !nodes ? say("say") : when === "later" ? say("say-later", { nodes }) : say("say-now", { nodes });
    const moment = when === "later" && $("at").value ? say("moment", { moment: inWords(here($("at").value)) }) : "";
    if ($("moment").textContent !== moment) $("moment").textContent = moment;
    this.#keep();
  }

  // Read from the clock when they are pressed: after midnight "tomorrow" is another day.
  #usual() {
    $("usual").replaceChildren(...usualTimes().map(({ words }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: words });
      button.addEventListener("click", () => {
        const meant = usualTimes().find((each) => each.words === words);
        if (meant) $("at").value = meant.value;
        else this.#usual();
        this.#changed();
      });
      return button;
    }));
  }

  // ── the draft ──

  #keep() {
    if (!this.#ready) return;
    const { about, trim, how } = this.sound;
    const fields = { title: $("title").value, text: $("text").value, language: $("language").value, at: $("at").value, wait: $("wait").value, until: $("until").value };
    const draft = { ...fields, how, about, part: trim.part, class: picked("class"), when: this.#when, offer: picked("offer") ?? "", villages: this.tree.villages, jobs: this.delivery.jobs };
    const chosen = this.tree.all.length > 1 && draft.villages.length;
    if (!draft.title && !draft.text && !about && !chosen && !draft.jobs.some((job) => job.bulletin)) {
      this.#since = 0;
      return this.shelf.keep(null);
    }
    this.#since ||= Date.now();
    this.shelf.keep({ ...draft, since: this.#since });
  }

  async #restore() {
    const draft = this.shelf.draft;
    if (!draft) return;
    this.#since = draft.since;
    for (const name of ["title", "text", "language", "at", "wait", "until"]) $(name).value = draft[name] ?? $(name).value;
    for (const name of ["class", "when", "offer"]) {
      const radio = [...document.querySelectorAll(`[name=${name}]`)].find((each) => each.value === draft[name]);
      if (radio) radio.checked = true;
    }
    this.tree.choose(draft.villages.filter((id) => this.tree.all.includes(id)));
    const found = draft.about && (await this.sound.restore(draft.about, draft.part));
    this.sound.how = draft.how;
    this.delivery.jobs = draft.jobs ?? [];
    await this.#say(draft, found);
  }

  async #say(draft, found) {
    const [first] = await this.delivery.look();
    const at = time(new Date(draft.since));
    if (first?.airing) {
      this.#draft(say("draft-aired", { title: draft.title }), false, link(`/airings/${first.airing}`, say("see-airing")));
    } else if (first?.bulletin) {
      this.#draft(say("draft-received", { title: draft.title, time: at }), true);
    } else if (found && draft.about.kind === "recording") {
      this.#draft(say("draft-recording", { time: time(new Date(draft.about.at)) }), false);
    } else if (found) {
      this.#draft(say("draft-file", { name: draft.about.name, time: time(new Date(draft.about.at)) }), false);
    } else {
      this.#draft(say("draft-fields", { time: at }), false);
    }
  }

  #draft(words, go, more = null) {
    $("draft").hidden = false;
    $("draft-say").replaceChildren(words, ...(more ? [" ", more] : []));
    $("draft-go").hidden = !go;
    $("draft-drop").hidden = !this.shelf.mine;
    $("draft").scrollIntoView({ block: "nearest" }); // a reload comes back to where one was
  }

  async #drop() {
    this.#ready = false; // nothing is kept any more
    await this.delivery.giveUp();
    await this.shelf.forget();
    $("compose").reset();
    location.reload();
  }

  // ── sending ──

  #wrong() {
    const { file, how, recording } = this.sound;
    if (recording) return ["file", "still-recording"];
    if (!file) return ["file", how === "file" ? "need-file" : "need-recording"];
    if (file.size > MAX_FILE) return ["file", "too-big"];
    if (!$("title").value.trim()) return ["title", "need-title"];
    if (this.#when === "programme" && !this.#offer) return ["when", "need-offer"];
    if (!this.#offer?.owner && !this.tree.villages.length) return ["units", "need-units"];
    const heard = this.#offer?.owner === null ? this.#offer.units : null;
    if (heard && !this.tree.villages.every((id) => heard.some((unit) => this.tree.isUnder(id, unit)))) return ["units", "offer-elsewhere"];
    if (this.#when === "later" && !$("at").value) return ["when", "need-time"];
    if (this.#when === "later" && here($("at").value) < new Date()) return ["when", "past-time"];
    return null;
  }

  #tell(message, field = "", link = null) {
    for (const element of document.querySelectorAll(".field.wrong")) element.classList.remove("wrong");
    if (field) $(`field-${field}`).classList.add("wrong");
    $("problem").hidden = !message;
    $("problem").replaceChildren(message, ...(link ? [" ", link] : []));
    if (message) $("problem").focus();
  }

  // Beside the recorder, where one looks at that moment.
  #tellSound(words) {
    $("sound-problem").hidden = !words;
    $("sound-problem").textContent = words;
    if (!words && $("field-file").classList.contains("wrong")) this.#tell("");
  }

  async #send() {
    if (this.delivery.busy || $("say").disabled) return;
    const wrong = this.#wrong();
    if (wrong) return this.#tell(say(wrong[1]), wrong[0]);
    this.#tell("");
    this.sound.trim.silence();
    $("say").disabled = true;
    $("draft").hidden = true;
    this.#hold(true);
    try {
      await this.sound.settled;
      await this.delivery.send(this.#letter());
    } catch (problem) {
      this.#hold(false);
      this.#refused(problem ?? {});
    } finally {
      this.#hold(false);
      $("say").disabled = false;
    }
  }

  // What is aired is what is on the screen: nothing is changed while it is on its way or asked about.
  #hold(on) {
    for (const element of $("compose").querySelectorAll(".field")) element.inert = on;
  }

  // What is sent: `content` is what the server can't change afterwards, `targets` one for each bulletin, `wish` when.
  #letter() {
    const offer = this.#offer;
    const content = [["title", $("title").value], ["class", picked("class")], ["language", $("language").value], ["text", $("text").value], ...Object.entries(this.sound.trim.part ?? {})];
    if (offer) {
      content.push(["kind", offer.kind], ["until", new Date(Date.now() + Number($("until").value) * 86_400_000).toISOString()]);
      const owners = offer.owner ? [offer.owner] : this.tree.villages;
      return { content, file: this.sound.file, at: this.sound.about.at, offer, wish: {}, targets: owners.map((owner) => ({ to: [], owner })) };
    }
    const wish = {};
    if (this.#when === "later") {
      wish.at = `${$("at").value}:00+07:00`;
      const wait = Number($("wait").value);
      if (wait) wish.latest = new Date(new Date(wish.at).getTime() + wait * 60_000).toISOString();
    }
    return { content, file: this.sound.file, at: this.sound.about.at, wish, targets: this.tree.groups.map((to) => ({ to })) };
  }

  #done(jobs) {
    this.#ready = false;
    const offer = this.#offer;
    try {
      localStorage.setItem(`tienglang-how-${this.person}`, this.sound.how);
      if (!offer) localStorage.setItem(`tienglang-places-${this.person}`, this.tree.villages.join(" "));
    } catch { /* a full disk: they are chosen again next time */ }
    $("compose").reset(); // the back button finds an empty form: what is said is said once
    const gone = this.shelf.forget();
    if (jobs.length === 1 && !offer) return gone.then(() => location.assign(jobs[0].airing ? `/airings/${jobs[0].airing}` : `/bulletins/${jobs[0].bulletin}`));
    $("compose").hidden = true;
    $("sent").hidden = false;
    $("sent-list").replaceChildren(...jobs.map((job) => {
      const row = document.createElement("li");
      const what = Object.assign(document.createElement("span"), { className: "row-what" });
      const where = Object.assign(document.createElement("strong"), { textContent: job.places || offer?.place || "" });
      const then = offer ? say("sent-programme", offer) : job.airing ? link(`/airings/${job.airing}`, say("see-airing")) : link(`/bulletins/${job.bulletin}`, say("sent-waiting"));
      what.append(where, then);
      row.append(what);
      return row;
    }));
    $("sent").focus();
  }

  #refused(problem) {
    const { code = "no-link" } = problem;
    if (code === "edit") return $("field-when").scrollIntoView();
    if (code === "drop") return this.#drop();
    if (code === "session.none") return this.#tell(say("signed-out"), "", Object.assign(link("/login", say("sign-in")), { target: "_blank" }));
    if (code === "sent-before") {
      this.#draft(say("draft-fields", { time: time(new Date(this.#since || Date.now())) }), false); // where it can be dropped
      return this.#tell(say("sent-before", { title: problem.title }), "", link(problem.href, say("sent-before-see")));
    }
    const own = code === "stopped" ? say("stopped") : code === "stopped-waiting" ? say("stopped-waiting") : code === "stale" ? say("stale") : say("no-link");
    this.#tell(problem[`message_${lang}`] ?? own, field(code));
  }
}

function link(href, textContent) {
  return Object.assign(document.createElement("a"), { href, textContent });
}

function field(code) {
  if (code.startsWith("bulletin.title-")) return "title";
  if (code.startsWith("audio.") || code.startsWith("upload.") || code.startsWith("bulletin.text-")) return "file";
  if (["airing.no-units", "airing.no-nodes", "airing.many-units", "airing.reach", "right.none"].includes(code)) return "units";
  return code.startsWith("airing.") ? "when" : "";
}

// What the field for a time has is Vietnam time.
function here(at) {
  return new Date(`${at}:00+07:00`);
}

// "thứ năm 26/11, 12:07"
function inWords(when) {
  const part = (options) => new Intl.DateTimeFormat(lang === "vi" ? "vi-VN" : "en-GB", { timeZone: "Asia/Ho_Chi_Minh", ...options }).format(when);
  const weekday = part({ weekday: "long" });
  const date = part({ day: "2-digit", month: "2-digit" }).replace("-", "/");
  return `${lang === "vi" ? weekday.toLowerCase() : weekday} ${date}, ${part({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}`;
}

// The usual hours (05:00 and 17:30), the next ones; Viet Nam has had one offset since 1975.
function usualTimes() {
  const here = new Date(Date.now() + 7 * 3_600_000);
  const day = (ahead) => new Date(here.getTime() + ahead * 86_400_000).toISOString().slice(0, 10);
  const minute = here.getUTCHours() * 60 + here.getUTCMinutes();
  const all = [
    { value: `${day(0)}T17:30`, words: say("today-evening"), over: minute >= 17 * 60 + 30 },
    { value: `${day(1)}T05:00`, words: say("tomorrow-morning") },
    { value: `${day(1)}T17:30`, words: say("tomorrow-evening") },
  ];
  return all.filter((each) => !each.over);
}

if ($("compose")) new Compose($("compose").dataset.person);

// Villages by commune. What is sent is short: a commune whose villages are all chosen goes as the commune.

import { fold, say } from "./words.js";

export class Tree {
  constructor(onchange) {
    this.owners = new Set(JSON.parse(document.getElementById("may").textContent).owners);
    this.communes = [...document.querySelectorAll("#tree .commune")].map((element) => ({
      element,
      path: element.dataset.path.split(" "),
      all: element.querySelector("[data-commune]"),
      opener: element.querySelector(".commune-open"),
      villages: [...element.querySelectorAll(".villages input:not(:disabled)")],
    }));
    this.onchange = onchange;
    this.button = document.getElementById("all");
    this.search = document.getElementById("search");
    for (const commune of this.communes) {
      commune.all.addEventListener("change", () => this.#choose(commune.villages.filter((box) => !box.closest("li").hidden), commune.all.checked));
      for (const box of commune.villages) box.addEventListener("change", () => this.#show());
      commune.opener.addEventListener("click", () => this.#open(commune, commune.opener.ariaExpanded !== "true"));
    }
    this.button.addEventListener("click", () => this.#choose(this.#visible(), !this.#allChosen()));
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.#show();
  }

  // The villages that are chosen, by id.
  get villages() {
    return this.#chosen().map((box) => box.value);
  }

  // Choose these and no others; false, and nothing is changed, unless every one may be chosen.
  choose(ids) {
    const boxes = new Map(this.communes.flatMap(({ villages }) => villages.map((box) => [box.value, box])));
    if (!ids.length || !ids.every((id) => boxes.has(id))) return false;
    for (const [id, box] of boxes) box.checked = ids.includes(id);
    this.#show();
    return true;
  }

  // What can be chosen at all.
  get all() {
    return this.communes.flatMap(({ villages }) => villages.map((box) => box.value));
  }

  name(id) {
    for (const { element, path, villages } of this.communes) {
      if (path.at(-1) === id) return element.dataset.name;
      const box = villages.find((each) => each.value === id);
      if (box) return box.closest("li").dataset.name;
    }
    return id;
  }

  // Is it this unit, or one below it?
  isUnder(id, above) {
    return id === above || this.communes.some(({ path, villages }) => path.includes(above) && (path.at(-1) === id || villages.some((box) => box.value === id)));
  }

  // The chosen villages as bulletins can be sent: each group has one unit above it in whose name this person may speak.
  get groups() {
    const chosen = this.communes.flatMap(({ path, villages }) => villages.filter((box) => box.checked).map((box) => [...path, box.value]));
    const split = (paths) => {
      if (paths.length < 2) return paths.length ? [paths] : [];
      let shared = 0;
      while (paths.every((path) => path[shared] === paths[0][shared])) shared++;
      if (this.owners.has(paths[0][shared - 1])) return [paths];
      const parts = new Map();
      for (const path of paths) parts.set(path[shared], [...(parts.get(path[shared]) ?? []), path]);
      return [...parts.values()].flatMap(split);
    };
    return split(chosen).map((paths) => this.#short(paths.map((path) => path.at(-1))));
  }

  // A commune whose villages are all there goes as the commune.
  #short(ids) {
    return this.communes.flatMap(({ all, villages }) => {
      const here = villages.filter((box) => ids.includes(box.value));
      return here.length && all.dataset.commune && here.length === villages.length ? [all.dataset.commune] : here.map((box) => box.value);
    });
  }

  get nodes() {
    return this.#chosen().reduce((sum, box) => sum + Number(box.dataset.nodes), 0);
  }

  #chosen() {
    return this.communes.flatMap(({ villages }) => villages.filter((box) => box.checked));
  }

  #visible() {
    return this.communes.flatMap(({ villages }) => villages.filter((box) => !box.closest("li").hidden));
  }

  #allChosen() {
    const visible = this.#visible();
    return visible.length > 0 && visible.every((box) => box.checked);
  }

  #choose(boxes, on) {
    for (const box of boxes) box.checked = on;
    this.#show();
  }

  #show() {
    for (const { all, villages } of this.communes) {
      const number = villages.filter((box) => box.checked).length;
      all.checked = number > 0 && number === villages.length;
      all.indeterminate = number > 0 && number < villages.length;
    }
    const villages = this.#chosen().length;
    document.getElementById("chosen").textContent = villages ? say("chosen", { nodes: this.nodes, villages }) : "";
    this.button.textContent = this.#allChosen() ? this.button.dataset.none : this.button.dataset.all;
    this.onchange(this);
  }

  #open({ element, opener }, on) {
    opener.ariaExpanded = String(on);
    element.querySelector(".villages").hidden = !on;
  }

  #filter() {
    const wanted = fold(this.search.value);
    let found = false;
    for (const commune of this.communes) {
      const { element } = commune;
      const whole = fold(element.dataset.name).includes(wanted);
      let any = whole;
      for (const row of element.querySelectorAll("li")) {
        row.hidden = !whole && !fold(row.dataset.name).includes(wanted);
        any ||= !row.hidden;
      }
      element.hidden = !any;
      if (wanted && any) this.#open(commune, true);
      found ||= any;
    }
    document.getElementById("nothing").hidden = found;
    this.#show();
  }
}

// Villages by commune. What is sent is short: a commune whose villages are all chosen goes as the commune.

import { fold, say } from "./words.js";

export class Tree {
  constructor(onchange) {
    this.communes = [...document.querySelectorAll("#tree .commune")].map((element) => ({
      element,
      all: element.querySelector("[data-commune]"),
      villages: [...element.querySelectorAll(".villages input:not(:disabled)")],
    }));
    this.onchange = onchange;
    this.button = document.getElementById("all");
    this.search = document.getElementById("search");
    for (const commune of this.communes) {
      commune.all.addEventListener("change", () => this.#choose(commune.villages.filter((box) => !box.closest("li").hidden), commune.all.checked));
      for (const box of commune.villages) box.addEventListener("change", () => this.#show());
    }
    this.button.addEventListener("click", () => this.#choose(this.#visible(), !this.#allChosen()));
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.#show();
  }

  get units() {
    return this.communes.flatMap(({ all, villages }) =>
      all.dataset.commune && villages.every((box) => box.checked) ? [all.dataset.commune] : villages.filter((box) => box.checked).map((box) => box.value),
    );
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

  #filter() {
    const wanted = fold(this.search.value);
    let found = false;
    for (const { element } of this.communes) {
      const whole = fold(element.dataset.name).includes(wanted);
      let any = whole;
      for (const row of element.querySelectorAll("li")) {
        row.hidden = !whole && !fold(row.dataset.name).includes(wanted);
        any ||= !row.hidden;
      }
      element.hidden = !any;
      if (wanted && any) element.open = true;
      found ||= any;
    }
    document.getElementById("nothing").hidden = found;
    this.#show();
  }
}

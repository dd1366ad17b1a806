// Recent airings: opened in place, read again when one ends.

const list = document.getElementById("recent");

export class Recent {
  constructor(onopen) {
    list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-open]");
      if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onopen(row.dataset.open);
    });
    this.open = document.getElementById("screen").dataset.airing;
    this.mark(this.open);
  }

  mark(airing) {
    this.open = airing;
    for (const row of list.querySelectorAll("[data-open]")) row.toggleAttribute("aria-current", row.dataset.open === airing);
  }

  async refresh() {
    const answer = await fetch("/fragments/recent").catch(() => null);
    if (!answer?.ok) return;
    list.innerHTML = await answer.text(); // made by our own server, every name in it escaped
    this.mark(this.open);
  }
}

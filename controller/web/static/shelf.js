// What is not sent yet, kept on this device by person: fields in localStorage, sound in IndexedDB. One tab keeps it at a time.

const NAME = "tienglang-compose";
const STORE = "sounds"; // [person, order of a piece] -> { blob, name }
export const MAX_KEPT = 100_000_000; // bytes: larger files are chosen again

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

export class Shelf {
  #base = null;
  #last = Promise.resolve(); // writes keep their order
  #whole = false; // every piece of this sound could be kept
  mine = false; // another tab of this person has the draft

  constructor(person) {
    this.person = person;
    this.key = `tienglang-draft-${person}`;
  }

  // Ask to be the tab that keeps the draft; it is until it is closed.
  async claim() {
    this.mine = navigator.locks
      ? await new Promise((resolve) => {
          navigator.locks.request(this.key, { ifAvailable: true }, (lock) => {
            resolve(lock !== null);
            return lock && new Promise(() => {});
          });
        })
      : true;
    try {
      this.#base = this.mine ? await open() : null;
    } catch {
      this.#base = null; // a private window: fields are kept, sound is not
    }
    return this.mine;
  }

  get draft() {
    if (!this.mine) return null;
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  keep(draft) {
    if (!this.mine) return;
    try {
      if (draft === null) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify(draft));
    } catch { /* a full disk: the page itself still has everything */ }
  }

  // A piece of the sound; number 0 begins a new sound. True when it is kept, and all before it: a sound has no holes.
  async put(number, blob, name = "") {
    if (number === 0) this.forgetSound().then((gone) => { this.#whole = gone; }); // alone, or a full disk would bring the old sound back
    return this.#write((store) => store.put({ blob, name }, [this.person, number]), () => this.#whole).then((kept) => (this.#whole &&= kept));
  }

  async sound(name, type) {
    await this.#last;
    if (!this.#base) return null;
    const asked = this.#base.transaction(STORE).objectStore(STORE).getAll(this.#all());
    const pieces = await new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); asked.onerror = () => resolve([]); });
    if (!pieces.length) return null;
    return Object.assign(new File(pieces.map((piece) => piece.blob), pieces[0].name || name, { type }), { pieces: pieces.length });
  }

  forgetSound() {
    return this.#write((store) => store.delete(this.#all()));
  }

  forget() {
    if (this.mine) localStorage.removeItem(this.key);
    return this.forgetSound();
  }

  #all() {
    return IDBKeyRange.bound([this.person, 0], [this.person, Infinity]);
  }

  #write(how, may = () => true) {
    this.#last = this.#last.then(() => new Promise((resolve) => {
      if (!this.#base || !may()) return resolve(false);
      const writing = this.#base.transaction(STORE, "readwrite");
      writing.oncomplete = () => resolve(true);
      writing.onerror = writing.onabort = () => resolve(false);
      how(writing.objectStore(STORE));
    })).catch(() => false);
    return this.#last;
  }
}

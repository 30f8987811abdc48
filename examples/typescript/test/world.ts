import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import type * as library from "../src/index.js";
import type { NoteView, Patch } from "../src/index.js";
import { membersOf } from "../src/members.js";
import { Server } from "./server.js";

/** The library, as it is or with a flaw. */
export type Library = Pick<typeof library, "Replica" | "createNotesClient">;

/** What happens to a request. */
export type Fate = "arrives" | "is lost" | "response is lost" | "503" | "tab dies before" | "tab dies after";
export type Member = "title" | "content" | "category";
/** In which transaction of the next run a tab dies: before it begins, or when all of it is done but its end. */
export type Death = { transactions: number; atItsEnd: boolean } | undefined;

class TabDiedError extends Error {}

class Tab {
  replica!: library.Replica;
  isDead = false;
  death: Death;
  /** What the user sees in the open editor. */
  seen: NoteView | undefined;

  die(): void {
    this.isDead = true;
    this.replica.close();
  }
}

let worlds = 0;
const tabs = new WeakMap<IDBDatabase, Tab>();
let opening: Tab | undefined;

// A tab that has died does nothing more on the disk.
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (names, mode, options) {
  if (opening && !tabs.has(this)) tabs.set(this, opening);
  const tab = tabs.get(this);
  const isLast = mode === "readwrite" && tab?.death !== undefined && tab.death.transactions-- === 0;
  const atItsEnd = isLast && tab.death?.atItsEnd;
  if (tab && isLast && !atItsEnd) tab.die();
  if (tab?.isDead) throw new TabDiedError();
  const started = transaction.call(this, names, mode, options);
  if (tab && atItsEnd) {
    for (const name of names) {
      const store = started.objectStore(name);
      const { put } = store;
      store.put = (...args) => {
        const request = put.apply(store, args);
        request.addEventListener("success", () => {
          if (tab.isDead) return;
          started.abort();
          tab.die();
        });
        return request;
      };
    }
  }
  return started;
};

/** A user with two devices, of two tabs each, and a server. */
export class World {
  readonly server = new Server((note) => this.#release(note));
  readonly #library: Library;
  readonly #name = `world ${++worlds}`;
  readonly #devices: Tab[][] = [[], []];
  #fates: Fate[] = [];
  #requests = [0, 0];
  #sent = 0;
  /** How many turns of the event loop a request takes. */
  #together = 1;
  /** What the user does while a response is under way. */
  #meanwhile: (() => Promise<unknown>) | undefined;
  #violation: Error | undefined;
  #texts = 0;
  readonly #typed = new Set<string>();
  /** The texts that their user has replaced or deleted, knowing them, or given an expiry. */
  readonly #released = new Set<string>();

  constructor(library: Library) {
    this.#library = library;
  }

  async open(): Promise<this> {
    for (const device of [0, 1]) for (const tab of [0, 1]) await this.#openTab(device, tab);
    return this;
  }

  close(): void {
    for (const tab of this.#devices.flat()) tab.replica.close();
  }

  async #openTab(device: number, index: number): Promise<Tab> {
    const tab = new Tab();
    const client = this.#library.createNotesClient({
      url: "http://server",
      token: () => "user",
      fetch: (request) => this.#send(device, tab, request),
    });
    opening = tab;
    tab.replica = await this.#library.Replica.open({ client, name: `${this.#name} ${device}` });
    opening = undefined;
    this.#devices[device]?.splice(index, 1, tab);
    return tab;
  }

  /** The tab, opened again if it has died. */
  async #tab(device: number, index: number): Promise<Tab> {
    const tab = this.#devices[device]?.[index];
    assert.ok(tab);
    if (!tab.isDead) return tab;
    return this.#openTab(device, index);
  }

  async #send(device: number, tab: Tab, request: Request): Promise<Response> {
    const requests = this.#requests;
    try {
      requests[device] = (requests[device] ?? 0) + 1;
      assert.equal(requests[device], 1, "two tabs of a device synchronise at once");
      this.#sent += 1;
      assert.ok(this.#sent < 1_000, "a run does not end");
      const fate = this.#fates.shift() ?? "arrives";
      // Others have their turn: another tab that synchronises gets as far as its request.
      for (let turn = this.#together; turn > 0; turn -= 1) await new Promise(setImmediate);
      if (fate === "is lost") throw new TypeError("fetch failed");
      if (fate === "503") return new Response(null, { status: 503 });
      if (fate === "tab dies before") tab.die();
      if (tab.isDead) throw new TabDiedError();
      const response = await this.server.handle(request);
      const meanwhile = this.#meanwhile;
      this.#meanwhile = undefined;
      await meanwhile?.();
      if (fate === "response is lost") throw new TypeError("fetch failed");
      if (fate === "tab dies after") tab.die();
      return response;
    } catch (error) {
      // The library would take it for a lost connection.
      if (error instanceof assert.AssertionError) this.#violation ??= error;
      throw error;
    } finally {
      requests[device] = (requests[device] ?? 0) - 1;
    }
  }

  /** A text that is nowhere else; the server takes no title that is invalid. */
  #text(isValid = true): string {
    this.#texts += 1;
    const text = `${isValid ? "text" : "invalid"} ${this.#texts}.`;
    return text;
  }

  #release({ title, content, category }: { title: string; content: string; category?: string | null }): void {
    for (const text of [title, content, category]) if (text != null) this.#released.add(text);
  }

  /** Does what may end with the death of the tab, and returns nothing then. */
  async #unlessItDies<T>(tab: Tab, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!tab.isDead) throw error;
      return undefined;
    }
  }

  #expiry(minutes: number | undefined): string | undefined {
    return minutes === undefined ? undefined : new Date(this.server.now() + minutes * 60_000).toISOString();
  }

  async create(device: number, index: number, minutes: number | undefined, death: Death): Promise<void> {
    const tab = await this.#tab(device, index);
    const note = { title: this.#text(), content: this.#text() };
    const expiresAt = this.#expiry(minutes);
    tab.death = death && { ...death };
    const made = await this.#unlessItDies(tab, () =>
      tab.replica.create({ ...note, ...(expiresAt === undefined ? {} : { expiresAt }) }),
    );
    tab.death = undefined;
    // It is saved: so it has to be somewhere in the end.
    if (made) for (const text of Object.values(note)) this.#typed.add(text);
  }

  async look(device: number, index: number, pick: number): Promise<void> {
    const tab = await this.#tab(device, index);
    const notes = (await tab.replica.notes()).sort((one, other) => (one.id < other.id ? -1 : 1));
    tab.seen = notes[pick % Math.max(1, notes.length)];
  }

  /** Changes what the user has in sight, which may not be what is there. */
  async edit(device: number, index: number, member: Member, isValid: boolean, death: Death): Promise<void> {
    const tab = await this.#tab(device, index);
    const { seen } = tab;
    if (!seen) return;
    const text = this.#text(isValid || member !== "title");
    tab.death = death && { ...death };
    const made = await this.#unlessItDies(tab, () => tab.replica.change(seen, { [member]: text }));
    tab.death = undefined;
    if (!made) return;
    const before = seen[member];
    if (before !== null) this.#released.add(before);
    this.#typed.add(text);
    tab.seen = made;
  }

  async setExpiry(device: number, index: number, minutes: number | undefined): Promise<void> {
    const tab = await this.#tab(device, index);
    if (!tab.seen) return;
    const made = await tab.replica.change(tab.seen, { expiresAt: this.#expiry(minutes) ?? null });
    tab.seen = made;
  }

  async delete(device: number, index: number): Promise<void> {
    const tab = await this.#tab(device, index);
    if (!tab.seen) return;
    if (await tab.replica.delete(tab.seen)) this.#release(tab.seen);
    tab.seen = undefined;
  }

  async #run(tab: Tab): Promise<library.Status | undefined> {
    this.#sent = 0;
    const status = await this.#unlessItDies(tab, () => tab.replica.sync());
    if (this.#violation) throw this.#violation;
    return status;
  }

  /** Some tabs synchronise at once, while the user does something. */
  async sync(
    which: [device: number, index: number, death: Death][],
    fates: Fate[],
    meanwhile?: () => Promise<unknown>,
  ): Promise<void> {
    this.#fates = [...fates];
    this.#together = which.length > 1 ? 20 : 1;
    this.#meanwhile = meanwhile;
    const open: [Tab, Death][] = [];
    for (const [device, index, death] of which) open.push([await this.#tab(device, index), death]);
    for (const [tab, death] of open) tab.death = death && { ...death };
    await Promise.all(
      open.map(async ([tab]) => {
        const status = await this.#run(tab);
        if (!tab.isDead) assert.notEqual(status?.state, "error", status?.detail);
        tab.death = undefined;
      }),
    );
    this.#fates = [];
    this.#meanwhile = undefined;
  }

  /** The server can't read an item, while a device asks for all of them: the device keeps what it has. */
  async failToRead(pick: number): Promise<void> {
    await this.sync([[0, 0, undefined]], []);
    const { replica } = await this.#tab(0, 0);
    const known = (await replica.notes()).filter((note) => !note.pending);
    const note = known[pick % Math.max(1, known.length)];
    if (!note) return;
    this.server.unreadable.add(note.id);
    this.server.restart();
    await this.sync([[0, 0, undefined]], []);
    assert.ok(await replica.note(note.id), "a device has dropped what the server can't read");
  }

  restoreBackup(): void {
    for (const note of this.server.restore()) this.#release(note);
  }

  /** Synchronises until nothing is left to do. Then all have what the server has, and no text is lost. */
  async settle(): Promise<void> {
    this.server.repair();
    for (let round = 0; round < 4; round += 1) {
      for (const device of [0, 1]) {
        const tab = await this.#tab(device, 0);
        const { replica } = tab;
        const status = await this.#run(tab);
        assert.equal(status?.state, "synced", status?.detail);
        assert.equal(status.pending, 0);
        for (const note of await replica.notes()) if (note.refused !== undefined) await this.#mend(replica, note);
      }
    }
    const live = this.server.live();
    const expected = live.map((note) => [note.id, membersOf(note)]).sort();
    for (const tab of this.#devices.flat()) {
      if (tab.isDead) continue;
      const notes = await tab.replica.notes();
      for (const note of notes) assert.equal(note.pending, false);
      const shown = notes.map(({ id, title, content, category, expiresAt }) => [
        id,
        { title, content, category, expiresAt },
      ]);
      assert.deepEqual(shown.sort(), expected, "a device does not show what the server has");
    }
    const kept = new Set(live.flatMap(({ title, content, category }) => [title, content, category]));
    for (const text of this.#typed) {
      assert.ok(kept.has(text) || this.#released.has(text), `lost: ${text}`);
    }
  }

  /** The user changes what the server has refused. It refuses nothing else. */
  async #mend(replica: library.Replica, note: NoteView): Promise<void> {
    const change: Patch = {};
    const { title, expiresAt } = note;
    if (title.includes("invalid")) {
      change.title = this.#text();
      this.#released.add(title);
      this.#typed.add(change.title);
    }
    if (expiresAt !== null && Date.parse(expiresAt) <= this.server.now()) change.expiresAt = null;
    const isUnreadable = note.refused === "precondition-failed";
    assert.ok(Object.keys(change).length > 0 || isUnreadable, `refused: ${note.refused}`);
    if (isUnreadable) await replica.retry();
    await replica.change(note, change);
  }
}

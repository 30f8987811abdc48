import assert from "node:assert/strict";
import type { NewNote, Note } from "../src/index.js";

const DAY = 86_400_000;
const TYPES = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#";

interface Stored {
  note: Note;
  /** The body of its creation. */
  created: string;
  /** Whether the operator's retention renews it with each write. */
  isRenewed: boolean;
}

/** What the API does (docs/api.md, docs/sync.md), in memory, for one user and with small pages. */
export class Server {
  /** How far its clock is ahead of that of the devices. */
  skew = 0;
  hasSync = true;
  retention: number | undefined;
  readonly unreadable = new Set<string>();
  #epoch = 1;
  #revision = 0;
  #notes = new Map<string, Stored>();
  #ended = new Set<string>();
  /** The ids that were written, in order. */
  #log: string[] = [];
  /** The bodies of creations, against making two notes of one. */
  #bodies = new Map<string, string>();
  #backup: { notes: Map<string, Stored>; ended: Set<string> } | undefined;

  constructor(readonly onExpiry: (note: Note) => void) {}

  now(): number {
    return Date.now() + this.skew;
  }

  /** The notes that are there. */
  live(): Note[] {
    this.#expire();
    return [...this.#notes.values()].map(({ note }) => note);
  }

  restart(): void {
    this.#epoch += 1;
  }

  /** The operator repairs what can't be read, which writes it. */
  repair(): void {
    this.#log.push(...this.unreadable);
    this.unreadable.clear();
  }

  backUp(): void {
    this.#backup = { notes: new Map(this.#notes), ended: new Set(this.#ended) };
  }

  /** Restores the backup. Returns what is lost. */
  restore(): Note[] {
    if (!this.#backup) return [];
    const lost = this.live().filter((note) => this.#backup?.notes.get(note.id)?.note !== note);
    this.#notes = new Map(this.#backup.notes);
    this.#ended = new Set(this.#backup.ended);
    this.#bodies.clear();
    this.restart();
    return lost;
  }

  async handle(request: Request): Promise<Response> {
    this.#expire();
    const url = new URL(request.url);
    const text = await request.text();
    const body = text === "" ? undefined : JSON.parse(text);
    const id = url.pathname.slice("/notes/".length);
    if (url.pathname === "/notes" && request.method === "POST") {
      return this.#create(request.headers.get("Idempotency-Key") ?? "", body);
    }
    if (url.pathname === "/notes") return this.#list(url.searchParams.get("cursor") ?? "");
    if (id === "changes") return this.#changes(url.searchParams.get("since"));
    const tag = request.headers.get("If-Match");
    assert.ok(tag !== null, "an edit without If-Match overwrites what nobody has seen");
    return request.method === "PATCH" ? this.#update(id, tag, body) : this.#delete(id, tag);
  }

  #create(key: string, body: NewNote): Response {
    const age = this.now() - Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
    if (age > 7 * DAY) return problem(400, "idempotency-key-too-old");
    if (age < -300_000) return problem(400, "idempotency-key-too-far-ahead");
    const text = JSON.stringify(body);
    const existing = this.#notes.get(key);
    if (existing) return existing.created === text ? json(201, existing.note) : problem(422, "id-reused");
    if (this.#ended.has(key)) return problem(409, "id-spent");
    if (!this.#isValid(body)) return problem(400, "invalid-request");
    const twin = this.#bodies.get(text);
    // Of an item that can't be read nobody knows what it was.
    const isKnown = twin !== undefined && !this.unreadable.has(twin);
    assert.ok(!isKnown, `one creation has made two notes: ${text}`);
    this.#bodies.set(text, key);
    const { title, content, category, expiresAt } = body;
    const at = new Date(this.now()).toISOString();
    const note: Note = { id: key, title, content, createdAt: at, updatedAt: at, etag: "" };
    if (category != null) note.category = category;
    if (expiresAt != null) note.expiresAt = expiresAt;
    this.#write({ note, created: text, isRenewed: expiresAt === undefined });
    return json(201, this.#notes.get(key)?.note);
  }

  #update(id: string, tag: string, patch: Partial<NewNote>): Response {
    const stored = this.#notes.get(id);
    if (!stored) return problem(404, "note-not-found");
    if (this.unreadable.has(id)) return problem(412, "precondition-failed");
    if (!this.#isValid(patch)) return problem(400, "invalid-request");
    const note: Note = { ...stored.note };
    for (const [name, value] of Object.entries(patch)) {
      if (value === null) delete note[name as "category"];
      else note[name as "category"] = value;
    }
    if (JSON.stringify(sorted(note)) === JSON.stringify(sorted(stored.note))) return json(200, stored.note);
    if (tag !== stored.note.etag) return problem(412, "precondition-failed", stored.note);
    note.updatedAt = new Date(this.now()).toISOString();
    this.#write({ ...stored, note, isRenewed: stored.isRenewed && patch.expiresAt === undefined });
    return json(200, this.#notes.get(id)?.note);
  }

  #delete(id: string, tag: string): Response {
    const stored = this.#notes.get(id);
    if (!stored) return problem(404, "note-not-found");
    if (this.unreadable.has(id)) return problem(412, "precondition-failed");
    if (tag !== stored.note.etag) return problem(412, "precondition-failed", stored.note);
    this.#end(id);
    return new Response(null, { status: 204 });
  }

  #list(cursor: string): Response {
    const page = this.#page(cursor);
    const date = new Date(this.now()).toUTCString();
    return json(200, { ...page.shown, ...(page.next === undefined ? {} : { nextCursor: page.next }) }, { Date: date });
  }

  #changes(since: string | null): Response {
    if (!this.hasSync) return problem(404, "unknown-path");
    const asOf = new Date(this.now()).toISOString();
    const written = this.#log.length;
    if (since === null || since.includes("after")) {
      const [epoch, last, position] = since === null ? [this.#epoch, written, ""] : since.split(" after ");
      if (Number(epoch) !== this.#epoch) return problem(410, "sync-restart");
      const page = this.#page(position ?? "");
      const token =
        page.next === undefined ? `${epoch} since ${last}` : `${epoch} after ${last} after ${page.next}`;
      return json(200, { ...page.shown, asOf, token, more: true });
    }
    const [epoch, last] = since.split(" since ");
    if (Number(epoch) !== this.#epoch) return problem(410, "sync-restart");
    const number = Number.parseInt(last ?? "", 10);
    // A pass gives some of the one before again.
    const start = since.endsWith("within") ? number : Math.max(0, number - 2);
    const end = Math.min(written, start + 4);
    const shown = this.#show([...new Set(this.#log.slice(start, end))]);
    const more = end < written;
    return json(200, { ...shown, asOf, token: `${epoch} since ${end}${more ? " within" : ""}`, more });
  }

  /** Three notes after this one, by id. */
  #page(position: string) {
    const ids = [...this.#notes.keys()].filter((id) => id > position).sort();
    const page = ids.slice(0, 3);
    return { shown: this.#show(page), next: ids.length > 3 ? page.at(-1) : undefined };
  }

  #show(ids: string[]) {
    const unreadable = ids.filter((id) => this.unreadable.has(id) && this.#notes.has(id));
    const readable = ids.filter((id) => !unreadable.includes(id));
    const gone = readable.filter((id) => !this.#notes.has(id));
    const items = readable.flatMap((id) => this.#notes.get(id)?.note ?? []);
    return {
      items,
      ...(gone.length > 0 ? { gone } : {}),
      ...(unreadable.length > 0 ? { unreadable } : {}),
    };
  }

  #isValid({ title, expiresAt }: Partial<NewNote>): boolean {
    if (title?.includes("invalid")) return false;
    return expiresAt == null || Date.parse(expiresAt) > this.now();
  }

  #write(stored: Stored): void {
    this.#revision += 1;
    const { note } = stored;
    note.etag = `"${this.#revision}"`;
    if (stored.isRenewed && this.retention !== undefined) {
      note.expiresAt = new Date(Math.ceil((this.now() + this.retention) / 1000) * 1000).toISOString().replace(".000", "");
    }
    this.#notes.set(note.id, stored);
    this.#log.push(note.id);
  }

  #end(id: string): void {
    this.#notes.delete(id);
    this.#ended.add(id);
    this.#log.push(id);
  }

  #expire(): void {
    for (const { note } of this.#notes.values()) {
      if (note.expiresAt === undefined || Date.parse(note.expiresAt) > this.now()) continue;
      this.#notes.delete(note.id);
      this.#ended.add(note.id);
      this.onExpiry(note);
    }
  }
}

function sorted(note: Note): unknown {
  return Object.entries(note).sort(([one], [other]) => (one < other ? -1 : 1));
}

function json(status: number, body: unknown, headers = {}): Response {
  return Response.json(body, { status, headers });
}

function problem(status: number, name: string, current?: Note): Response {
  return json(status, { type: TYPES + name, title: name, status, ...(current ? { current } : {}) });
}

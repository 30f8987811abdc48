// A copy of a user's notes that follows what changes, as docs/sync.md describes it: its half that pulls. Typed by the
// description, as notes.ts, and tried on the local API:
//   node build/sync.js http://127.0.0.1:3000

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { Client } from "openapi-fetch";
import type { components, paths } from "./generated/openapi.js";

type Note = components["schemas"]["Note"];
type Page = components["schemas"]["Changes"];

const restart = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#sync-restart";

/** Its fields are what a real client keeps on its disk. */
class Copy {
  notes = new Map<string, { note: Note; generation: number }>();
  token: string | undefined;
  generation = 0;
  pages = 0;

  constructor(
    private readonly api: Client<paths>,
    private readonly limit: number,
  ) {}

  /** Asks page by page until there is no more. Only one call may run at a time. */
  async pull(): Promise<void> {
    for (let more = true; more; ) {
      // A full pass removes what it does not name. One that was broken off has named only a part.
      if (this.token === undefined) this.generation += 1;
      const since = this.token === undefined ? {} : { since: this.token };
      const query = { limit: this.limit, ...since };
      const { data, error } = await this.api.GET("/notes/changes", { params: { query } });
      if (error?.type === restart) {
        this.token = undefined;
        continue;
      }
      assert.ok(data, error?.detail);
      this.apply(data);
      more = data.more;
    }
  }

  /** On a disk this is one transaction, or the token is stored last: with the token first, a crash loses the page. */
  private apply(page: Page): void {
    const { generation } = this;
    // Whatever the copy has is replaced, also by an etag that looks older: the operator may have restored a backup.
    for (const note of page.items) this.notes.set(note.id, { note, generation });
    for (const id of page.gone ?? []) this.notes.delete(id);
    for (const id of page.unreadable ?? []) {
      const kept = this.notes.get(id);
      if (kept !== undefined) kept.generation = generation;
    }
    if (!page.more) {
      for (const [id, kept] of this.notes) {
        // By the time of the page, and not by the clock of this device.
        const expired = kept.note.expiresAt != null && Date.parse(kept.note.expiresAt) <= Date.parse(page.asOf);
        if (kept.generation < generation || expired) this.notes.delete(id);
      }
    }
    this.token = page.token;
    this.pages += 1;
  }
}

const url = process.argv[2];
assert.ok(url, "the URL of the API is missing");

const user = (name: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${name}-${Date.now()}` } });

async function create(api: Client<paths>, title: string): Promise<Note> {
  const { data, error } = await api.POST("/notes", { body: { title, content: "" } });
  assert.ok(data, error?.detail);
  return data;
}

/** The copy has exactly the notes that the list has. */
async function assertComplete(api: Client<paths>, copy: Copy): Promise<void> {
  const { data, error } = await api.GET("/notes", { params: { query: { limit: 100 } } });
  assert.ok(data, error?.detail);
  assert.equal(data.nextCursor, undefined);
  const copied = new Map([...copy.notes].map(([id, kept]) => [id, kept.note]));
  assert.deepEqual(copied, new Map(data.items.map((note) => [note.id, note])));
}

// A full pass, page by page.
const alice = user("alice");
const created = [];
for (const title of ["Milk", "Bread", "Butter", "Tea", "Salt"]) created.push(await create(alice, title));
const copy = new Copy(alice, 2);
await copy.pull();
assert.ok(copy.pages > 3, `${copy.pages} pages`);
assert.equal(copy.notes.size, 5);
await assertComplete(alice, copy);

// What others do meanwhile: one note is new, one is changed, one is deleted, one expires.
const [changed, deleted, expired] = created.map(({ id }) => ({ path: { id } }));
assert.ok(changed && deleted && expired);
await create(alice, "Sugar");
const change = async (params: typeof changed, body: components["schemas"]["NotePatch"]) =>
  assert.ok((await alice.PATCH("/notes/{id}", { params, body })).response.ok);
await change(changed, { title: "Oat milk" });
await change(expired, { expiresAt: new Date(Date.now() + 3_000).toISOString() });
assert.ok((await alice.DELETE("/notes/{id}", { params: deleted })).response.ok);
let shown;
do shown = (await alice.GET("/notes/{id}", { params: expired })).response;
while (shown.ok);
assert.equal(shown.status, 404);
await copy.pull();
assert.equal(copy.notes.get(changed.path.id)?.note.title, "Oat milk");
assert.equal(copy.notes.size, 4);
await assertComplete(alice, copy);

// With a token that is not good any more, such as that of another user, the copy begins again and forgets what is not
// named. Here all of it: the notes were another user's.
const bob = user("bob");
const only = await create(bob, "Pepper");
const moved = Object.assign(new Copy(bob, 2), { notes: copy.notes, token: copy.token, generation: copy.generation });
await moved.pull();
assert.deepEqual([...moved.notes.keys()], [only.id]);
await assertComplete(bob, moved);

console.log("A copy follows the notes from TypeScript.");

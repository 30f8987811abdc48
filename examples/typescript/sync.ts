// The copy of a user's notes, on the local API: what others do there arrives. With the local API running:
//
//   npm ci && npm run build && node build/sync.js http://127.0.0.1:3000

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { type NewNote, type Note, type NotesClient, Replica, createNotesClient, notesOf } from "./src/index.js";
import { membersOf } from "./src/members.js";

const url = process.argv[2];
assert.ok(url, "the URL of the API is missing");

const user = (name: string) => createNotesClient({ url, token: () => `${name}-${start}` });
const start = Date.now();

async function create(api: NotesClient, title: string): Promise<Note> {
  const { data, error } = await api.POST("/notes", { body: { title, content: "" } });
  assert.ok(data, error?.detail);
  return data;
}

/** After a sync, the copy has exactly the notes that the list has. */
async function assertComplete(api: NotesClient, copy: Replica): Promise<void> {
  const status = await copy.sync();
  assert.equal(status.state, "synced", status.detail);
  const { data, error } = await api.GET("/notes", { params: { query: { limit: 100 } } });
  assert.ok(data, error?.detail);
  assert.equal(data.nextCursor, undefined);
  const copied = (await copy.notes()).map(({ id, title, content, category, expiresAt }) => [
    id,
    { title, content, category, expiresAt },
  ]);
  assert.deepEqual(copied.sort(), notesOf(data).map((note) => [note.id, membersOf(note)]).sort());
}

// A full pass.
const alice = user("alice");
const created = [];
for (const title of ["Milk", "Bread", "Butter", "Tea", "Salt"]) created.push(await create(alice, title));
const copy = await Replica.open({ client: alice, name: "notes" });
await assertComplete(alice, copy);
assert.equal((await copy.notes()).length, 5);

// What others do meanwhile: one note is new, one is changed, one is deleted, one expires.
const [changed, deleted, expired] = created.map(({ id }) => ({ path: { id } }));
assert.ok(changed && deleted && expired);
await create(alice, "Sugar");
const change = async (params: typeof changed, body: Partial<NewNote>) =>
  assert.ok((await alice.PATCH("/notes/{id}", { params, body })).response.ok);
await change(changed, { title: "Oat milk" });
await change(expired, { expiresAt: new Date(Date.now() + 3_000).toISOString() });
assert.ok((await alice.DELETE("/notes/{id}", { params: deleted })).response.ok);
let shown;
do shown = (await alice.GET("/notes/{id}", { params: expired })).response;
while (shown.ok);
assert.equal(shown.status, 404);
await assertComplete(alice, copy);
assert.equal((await copy.note(changed.path.id))?.title, "Oat milk");
assert.equal((await copy.notes()).length, 4);
copy.close();

// With a token that is not good any more, such as that of another user, the copy begins again and forgets what is not
// named. Here all of it: the notes were another user's.
const bob = user("bob");
const only = await create(bob, "Pepper");
const moved = await Replica.open({ client: bob, name: "notes" });
await assertComplete(bob, moved);
assert.deepEqual((await moved.notes()).map(({ id }) => id), [only.id]);
moved.close();

console.log("A copy follows the notes from TypeScript.");

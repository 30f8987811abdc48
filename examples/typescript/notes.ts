// A client of the API, typed by its description. With the local API running:
//
//   npm ci && npm run build && node build/notes.js http://127.0.0.1:3000

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi.js";

type Note = components["schemas"]["Note"];

const url = process.argv[2];
assert.ok(url, "the URL of the API is missing");
const headers = { Authorization: `Bearer typescript-${Date.now()}` };
const api = createClient<paths>({ baseUrl: url, headers });

async function create(title: string, key?: string) {
  const header = key === undefined ? {} : { "Idempotency-Key": key };
  return api.POST("/notes", { params: { header }, body: { title, content: "" } });
}

/** All notes, page by page. */
async function* all(): AsyncGenerator<Note> {
  let cursor: string | undefined;
  do {
    const query = { limit: 2, ...(cursor === undefined ? {} : { cursor }) };
    const { data, error } = await api.GET("/notes", { params: { query } });
    assert.ok(data, error?.detail);
    // Only of a list of summaries, the items have no content.
    for (const item of data.items) if ("content" in item) yield item;
    cursor = data.nextCursor;
  } while (cursor !== undefined);
}

async function titles(): Promise<string[]> {
  const found = [];
  for await (const note of all()) found.push(note.title);
  return found;
}

// Create, and once more with the key of the response: it is the same note.
const created = await create("Milk");
assert.equal(created.response.status, 201);
assert.ok(created.data);
const { id, etag } = created.data;
const key = created.response.headers.get("Idempotency-Key");
assert.equal(key, id);
const again = await create("Milk", id);
assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");
assert.deepEqual(again.data, created.data);
const reused = await create("Tea", id);
assert.equal(reused.response.status, 422);

// Get, also only if it has changed.
const path = { id };
const got = await api.GET("/notes/{id}", { params: { path } });
assert.deepEqual(got.data, created.data);
const unchanged = await api.GET("/notes/{id}", {
  params: { path, header: { "If-None-Match": etag } },
});
assert.equal(unchanged.response.status, 304);

// Change what was seen, and nothing else.
const change = async (category: string | null) =>
  api.PATCH("/notes/{id}", {
    params: { path, header: { "If-Match": etag } },
    body: { category },
  });
const changed = await change("shop");
assert.equal(changed.data?.category, "shop");

// The notes of a category, without their contents.
const { data: shopping } = await api.GET("/notes", { params: { query: { view: "summary", category: "shop" } } });
const { content: _, ...summary } = changed.data;
assert.deepEqual(shopping?.items, [summary]);

// A change of a state that is not there any more.
const late = await change("work");
assert.equal(late.response.status, 412);
assert.equal(late.response.headers.get("ETag"), changed.data.etag);
assert.ok(late.error && "current" in late.error);
assert.deepEqual(late.error.current, changed.data);

// A problem is known by its type.
const faulty = await api.POST("/notes", { body: { title: " ", content: "" } });
const invalid = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-request";
assert.ok(faulty.error?.type === invalid);
assert.deepEqual(faulty.error.errors?.map((error) => error.pointer), ["/title"]);

// List, page by page.
for (const title of ["Bread", "Butter", "Tea"]) await create(title);
assert.deepEqual(await titles(), ["Tea", "Butter", "Bread", "Milk"]);

// What a client that keeps a copy gets first (sync.ts goes on).
const changes = await api.GET("/notes/changes");
assert.deepEqual(changes.data?.items.map((note) => note.title).sort(), ["Bread", "Butter", "Milk", "Tea"]);
assert.equal(changes.data.more, true);

// Delete.
const deleted = await api.DELETE("/notes/{id}", { params: { path } });
assert.equal(deleted.response.status, 204);
const gone = await api.GET("/notes/{id}", { params: { path } });
assert.equal(gone.response.status, 404);
assert.deepEqual(await titles(), ["Tea", "Butter", "Bread"]);

console.log("The six operations work from TypeScript.");

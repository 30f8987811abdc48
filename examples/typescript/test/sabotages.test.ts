import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "node:test";
import { check } from "./model.js";
import type { Library } from "./world.js";

/** What a replica may get wrong: a passage of the compiled library, and what stands there instead. */
interface Sabotage {
  file: string;
  passage: string;
  instead: string;
  /** What the model says to it. */
  caughtBy: RegExp;
}

const DIFFERS = /a device does not show what the server has/;
const LOST = /lost: text/;

const sabotages: Record<string, Sabotage> = {
  drops_the_edit_on_412: {
    file: "sync.js",
    passage: "await rebase(write, current, this.clock);",
    instead: "await removeEdits(write, edit);",
    caughtBy: LOST,
  },
  sends_an_old_edit_with_the_new_tag_unseen: {
    file: "outbox.js",
    passage: "const rest = merge(change.base.members, change.patch, current);",
    instead: "const rest = change.patch;",
    caughtBy: LOST,
  },
  deletes_what_has_changed_since: {
    file: "outbox.js",
    passage: "!sameText(last.base.members, current)",
    instead: "false",
    caughtBy: LOST,
  },
  puts_the_tag_of_a_pull_on_an_edit: {
    file: "sync.js",
    passage: "await setState(write, { ...state, token: page.token,",
    instead: `for (const note of page.items)
            for (const edit of await editsOf(write.tx, note.id))
                if (edit.base) await write.tx.objectStore("outbox").put({ ...edit, base: { ...edit.base, etag: note.etag } });
        await setState(write, { ...state, token: page.token,`,
    caughtBy: LOST,
  },
  saves_the_token_before_the_notes: {
    file: "sync.js",
    passage: 'await this.#write("relaxed", (write, state) => this.#apply(write, state, page));',
    instead: `await this.#write("relaxed", (write, state) => setState(write, { ...state, token: page.token }));
                await this.#write("relaxed", (write, state) => this.#apply(write, state, page));`,
    caughtBy: DIFFERS,
  },
  sends_a_new_key_with_each_attempt: {
    file: "sync.js",
    passage: '{ "Idempotency-Key": edit.id }',
    instead: '{ "Idempotency-Key": this.clock.newId() }',
    caughtBy: /one creation has made two notes/,
  },
  changes_an_edit_that_was_sent: {
    file: "replica.js",
    passage: "if (last && !last.attempted) {",
    instead: 'if (last && last.kind !== "delete") {',
    caughtBy: LOST,
  },
  sends_an_edit_only_once: {
    file: "outbox.js",
    passage: "if (!edit.attempted)",
    instead: `if (edit.attempted) {
            await removeEdits(write, edit);
            continue;
        }
        else`,
    caughtBy: LOST,
  },
  takes_a_503_for_a_fault: {
    file: "sync.js",
    passage: 'status >= 500 && name !== "internal-error"',
    instead: "false",
    caughtBy: /the server responds with 503/,
  },
  forgets_what_was_typed_into_a_note_that_is_gone: {
    file: "outbox.js",
    passage: "changes.some((change) => hasText(change.patch)) &&",
    instead: "false &&",
    caughtBy: LOST,
  },
  forgets_a_creation_whose_key_is_too_old: {
    file: "sync.js",
    passage: `else
                    await rename(write, edit.id, this.clock.newId());`,
    instead: "else await removeEdits(write, first);",
    caughtBy: LOST,
  },
  keeps_what_a_full_pass_has_not_named: {
    file: "sync.js",
    passage: "held.generation !== state.generation || isOver",
    instead: "isOver",
    caughtBy: DIFFERS,
  },
  keeps_its_generation_over_a_broken_listing: {
    file: "sync.js",
    passage: "if (state.token === undefined)",
    instead: "if (state.generation === 0)",
    caughtBy: DIFFERS,
  },
  keeps_what_is_gone: {
    file: "sync.js",
    passage: `for (const id of page.gone ?? []) {
            await removeNote(write, id);`,
    instead: "for (const id of page.gone ?? []) {",
    caughtBy: DIFFERS,
  },
  drops_what_cannot_be_read: {
    file: "sync.js",
    passage: "if (held)\n                await storeNote(write, held.note, generation);",
    instead: "",
    caughtBy: /a device has dropped what the server can't read/,
  },
  drops_by_the_clock_of_the_device: {
    file: "sync.js",
    passage: "Date.parse(expiresAt) <= asOf",
    instead: "Date.parse(expiresAt) <= Date.now()",
    caughtBy: DIFFERS,
  },
  calls_a_change_saved_before_its_transaction_is_complete: {
    file: "store.js",
    passage: "await tx.done;",
    instead: "tx.done.catch(() => {});",
    caughtBy: LOST,
  },
  synchronises_in_two_tabs_at_once: {
    file: "locks.js",
    passage: "before.then(task, task)",
    instead: "Promise.resolve().then(task)",
    // In its requests, or in what comes of it.
    caughtBy: /two tabs of a device synchronise at once|lost: text/,
  },
};

for (const [name, { file, passage, instead, caughtBy }] of Object.entries(sabotages)) {
  test(`the_model_catches_a_replica_that_${name}`, async () => {
    const library = await sabotaged(name, file, passage, instead);
    await assert.rejects(check(library, 300, 1), (error: Error) => {
      assert.match(error.message, caughtBy);
      return true;
    });
  });
}

/** A copy of the library with that passage replaced. */
async function sabotaged(name: string, file: string, passage: string, instead: string): Promise<Library> {
  const copy = new URL(`../sabotaged/${name}/`, import.meta.url);
  rmSync(copy, { recursive: true, force: true });
  cpSync(new URL("../src/", import.meta.url), copy, { recursive: true });
  const path = new URL(file, copy);
  const parts = readFileSync(path, "utf8").split(passage);
  assert.equal(parts.length, 2, `${file} has the passage once`);
  writeFileSync(path, parts.join(instead));
  return import(new URL("index.js", copy).href);
}

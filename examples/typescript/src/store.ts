import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import type { NewNote, Note } from "./client.js";
import type { Members, Patch } from "./members.js";

/** A note as the server has shown it, and in which generation (docs/sync.md). */
export interface Held {
  id: string;
  note: Note;
  generation: number;
}

/** The state of a note that the user has edited. It has no tag while the server has not yet said one. */
export interface Base {
  etag: string | null;
  members: Members;
}

interface EditOf {
  /** Its place in the outbox. The database gives one to a new edit. */
  position?: number;
  id: string;
  /** When the user made it, in milliseconds by this device's clock. */
  at: number;
  /** Whether it may have been sent. From then on it stays as it is, and later edits queue behind it. */
  attempted: boolean;
  /** Why the server has refused it. It is not sent again until the user has changed it or asked for that. */
  refused?: string;
}

export type Creation = EditOf & { kind: "create"; body: NewNote };
export type Change = EditOf & { kind: "change"; base: Base; patch: Patch };
export type Deletion = EditOf & { kind: "delete"; base: Base };

/** A change that the server has not acknowledged. */
export type Edit = Creation | Change | Deletion;

/** How far the copy has come. */
export interface SyncState {
  token?: string;
  generation: number;
  /** How many milliseconds the server's clock is ahead of this device's. */
  ahead: number;
  /** When the last pass ended, by this device's clock. */
  syncedAt?: number;
}

interface Schema extends DBSchema {
  notes: { key: string; value: Held };
  outbox: { key: number; value: Edit; indexes: { byNote: string; byRefusal: string } };
  state: { key: string; value: SyncState };
}

type Stores = ("notes" | "outbox" | "state")[];
export type Database = IDBPDatabase<Schema>;
export type Reading = IDBPTransaction<Schema, Stores, "readonly" | "readwrite">;
type Writing = IDBPTransaction<Schema, Stores, "readwrite">;

const STORES: Stores = ["notes", "outbox", "state"];

export function openDatabase(name: string): Promise<Database> {
  return openDB<Schema>(name, 1, {
    upgrade(database) {
      database.createObjectStore("notes", { keyPath: "id" });
      const outbox = database.createObjectStore("outbox", { keyPath: "position", autoIncrement: true });
      outbox.createIndex("byNote", "id");
      // Only those that are refused are in it.
      outbox.createIndex("byRefusal", "refused");
      database.createObjectStore("state");
    },
    // A later version of the page wants to change the database.
    blocking(_current, _next, event) {
      (event.target as IDBDatabase).close();
    },
  });
}

/** What the user has written into a note goes on in another one. */
export interface Moved {
  from: string;
  to: string;
  /** Whether others have changed or deleted the note. Otherwise it is the same note, which the server did not know. */
  isCopy: boolean;
}

/** What a transaction has changed, for those who show it. */
export interface Touched {
  ids: Set<string>;
  moved: Moved[];
}

/** A transaction over all that the replica keeps, and what it changes. */
export interface Write {
  tx: Writing;
  touched: Touched;
}

/**
 * Runs a transaction; what it returns is on the disk when the promise is fulfilled.
 *
 * `strict` is for what exists nowhere else, such as what a user has typed. What comes from the server is asked for again
 * if it was lost.
 */
export async function write<T>(
  database: Database,
  durability: "strict" | "relaxed",
  run: (write: Write) => Promise<T>,
): Promise<[T, Touched]> {
  const tx = database.transaction(STORES, "readwrite", { durability });
  const touched: Touched = { ids: new Set(), moved: [] };
  try {
    const result = await run({ tx, touched });
    await tx.done;
    return [result, touched];
  } catch (error) {
    // Nobody waits for it any more.
    tx.done.catch(() => {});
    try {
      tx.abort();
    } catch {
      // It was aborted by what failed.
    }
    throw error;
  }
}

export function read(database: Database): Reading {
  return database.transaction(STORES, "readonly");
}

export async function stateOf(tx: Reading): Promise<SyncState> {
  return (await tx.objectStore("state").get("sync")) ?? { generation: 0, ahead: 0 };
}

export async function setState({ tx }: Write, state: SyncState): Promise<void> {
  await tx.objectStore("state").put(state, "sync");
}

export async function countEdits(database: Database): Promise<{ pending: number; refused: number }> {
  const outbox = database.transaction("outbox").store;
  const [all, refused] = await Promise.all([outbox.count(), outbox.index("byRefusal").count()]);
  return { pending: all - refused, refused };
}

/** The edits of a note, the oldest first. */
export function editsOf(tx: Reading, id: string): Promise<Edit[]> {
  return tx.objectStore("outbox").index("byNote").getAll(id);
}

/** Puts an edit where it was, or a new one at the end. */
export async function putEdit({ tx, touched }: Write, edit: Edit): Promise<void> {
  touched.ids.add(edit.id);
  await tx.objectStore("outbox").put(edit);
}

export async function removeEdits({ tx, touched }: Write, ...edits: Edit[]): Promise<void> {
  for (const edit of edits) {
    touched.ids.add(edit.id);
    if (edit.position !== undefined) await tx.objectStore("outbox").delete(edit.position);
  }
}

export async function storeNote({ tx, touched }: Write, note: Note, generation: number): Promise<void> {
  touched.ids.add(note.id);
  await tx.objectStore("notes").put({ id: note.id, note, generation });
}

export async function removeNote({ tx, touched }: Write, id: string): Promise<void> {
  touched.ids.add(id);
  await tx.objectStore("notes").delete(id);
}

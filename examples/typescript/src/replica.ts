import { V7Generator } from "uuidv7";
import type { NewNote, NotesClient } from "./client.js";
import { locksOfProcess } from "./locks.js";
import { type Members, type Patch, hasText, membersOf, normalized, sameText } from "./members.js";
import { merge } from "./merge.js";
import { type Clock, putCreation } from "./outbox.js";
import {
  type Base,
  type Database,
  type Edit,
  type Held,
  type Moved,
  type SyncState,
  type Touched,
  type Write,
  countEdits,
  editsOf,
  openDatabase,
  putEdit,
  read,
  removeEdits,
  stateOf,
  write,
} from "./store.js";
import { LaterError, RefusedError, SignedOutError, Sync } from "./sync.js";
import { type NoteView, viewOf } from "./view.js";

/** Where the copy stands. */
export interface Status {
  /**
   * `offline`: the server can't be reached now, and the same requests are sent again later. `signed-out`: the user has
   * to sign in. `error`: the server has a fault, or this client has.
   */
  state: "waiting" | "syncing" | "synced" | "offline" | "signed-out" | "error";
  /** Edits that the server has not acknowledged, without the refused ones. */
  pending: number;
  /** Edits that the server has refused. */
  refused: number;
  /** When a pass last ended, in milliseconds. */
  syncedAt?: number;
  /** Why it is `offline` or `error`. */
  detail?: string;
  /** Milliseconds that the server asks to wait before the next request. */
  retryAfter?: number;
}

/** What a listener is told: the ids of notes that may have changed, and what goes on in another note. */
export interface Changed {
  ids: string[];
  moved: Moved[];
}

export interface ReplicaOptions {
  client: NotesClient;
  /** The name of the IndexedDB database. Each user and server needs one of its own. */
  name: string;
  /** By default those of the browser, or, where there are none, as in Node.js 20, those of this process. */
  locks?: Pick<LockManager, "request">;
}

/** A copy of a user's notes on this device, which can be read and changed without a network. */
export class Replica {
  readonly #database: Database;
  readonly #name: string;
  readonly #locks: Pick<LockManager, "request">;
  readonly #sync: Sync;
  readonly #clock: Clock;
  readonly #channel: BroadcastChannel;
  readonly #listeners = new Set<(changed: Changed) => void>();
  #ahead = 0;
  #closed = false;
  #next: Promise<Status> | undefined;
  #status: Status = { state: "waiting", pending: 0, refused: 0 };

  private constructor(database: Database, options: ReplicaOptions) {
    const generator = new V7Generator();
    this.#database = database;
    this.#name = options.name;
    this.#locks = options.locks ?? globalThis.navigator?.locks ?? locksOfProcess;
    this.#clock = {
      now: () => Date.now() + this.#ahead,
      newId: () => generator.generateOrResetCore(this.#clock.now(), 10_000).toString(),
    };
    this.#sync = new Sync(database, options.client, this.#clock, (touched, state) => this.#publish(touched, state));
    // Other tabs of the device.
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = ({ data }: MessageEvent<Changed>) => void this.#tell(data);
  }

  static async open(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(await openDatabase(options.name), options);
    replica.#know(await stateOf(read(replica.#database)));
    await replica.#count();
    return replica;
  }

  /** Goes on with nothing that was begun; what is saved stays on the device. */
  close(): void {
    this.#closed = true;
    this.#channel.close();
    this.#database.close();
    this.#listeners.clear();
  }

  /**
   * Removes all notes from the device, when no tab synchronises, and closes this copy; an empty database stays. Returns
   * whether it did: not while there are edits that the server does not have, also of other tabs.
   */
  async erase(): Promise<boolean> {
    const erase = async () => {
      const isErased = await this.#write(async ({ tx, touched }) => {
        if ((await tx.objectStore("outbox").count()) > 0) return false;
        for (const id of await tx.objectStore("notes").getAllKeys()) touched.ids.add(id);
        await tx.objectStore("notes").clear();
        await tx.objectStore("state").clear();
        return true;
      });
      if (isErased) this.close();
      return isErased;
    };
    // A pass under way would store its notes and its token after that.
    return this.#locks.request(`${this.#name} sync`, erase).then((isErased) => isErased);
  }

  get status(): Status {
    return this.#status;
  }

  /** Calls the listener after each change of a note or of the status, also by other tabs. Returns what ends that. */
  subscribe(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All notes, in no particular order. */
  async notes(): Promise<NoteView[]> {
    const tx = read(this.#database);
    this.#know(await stateOf(tx));
    const [held, edits] = await Promise.all([tx.objectStore("notes").getAll(), tx.objectStore("outbox").getAll()]);
    const editsById = new Map<string, Edit[]>();
    for (const edit of edits) editsById.set(edit.id, [...(editsById.get(edit.id) ?? []), edit]);
    const now = this.#clock.now();
    const views = held.map((held) => viewOf(held, editsById.get(held.id) ?? [], now));
    for (const { id } of held) editsById.delete(id);
    for (const edits of editsById.values()) views.push(viewOf(undefined, edits, now));
    return views.filter((view) => view !== undefined);
  }

  /** The note, if it is there. */
  async note(id: string): Promise<NoteView | undefined> {
    const tx = read(this.#database);
    this.#know(await stateOf(tx));
    const [held, edits] = await Promise.all([tx.objectStore("notes").get(id), editsOf(tx, id)]);
    return viewOf(held, edits, this.#clock.now());
  }

  /** Creates a note. It is saved when the promise is fulfilled. */
  async create(note: NewNote): Promise<NoteView> {
    const [view] = await this.createAll([note]);
    if (!view) throw new TypeError("no note was made");
    return view;
  }

  /** Creates notes, all of them or none. They are saved when the promise is fulfilled. */
  async createAll(notes: NewNote[]): Promise<NoteView[]> {
    const edits = notes.map((note): Edit => {
      const id = this.#clock.newId();
      return { kind: "create", id, at: Date.now(), body: normalized(note), attempted: false };
    });
    await this.#write(async (write) => {
      for (const edit of edits) await putEdit(write, edit);
    });
    return edits.flatMap((edit) => viewOf(undefined, [edit], this.#clock.now()) ?? []);
  }

  /**
   * Changes members of a note that the user has seen in this state. It is saved when the promise is fulfilled.
   *
   * Returns the note as it is then: another one where the same member was changed meanwhile to another value, or the
   * note was deleted. `undefined` if it was deleted and the change has no text.
   */
  async change(seen: NoteView, change: Patch): Promise<NoteView | undefined> {
    const patch = normalized(change);
    const id = await this.#write(async (write) => {
      const held = await write.tx.objectStore("notes").get(seen.id);
      const edits = await editsOf(write.tx, seen.id);
      const at = Date.now();
      const current = viewOf(held, edits, this.#clock.now());
      const rest = current && merge(seen, patch, members(current));
      if (!rest) {
        if (!hasText(patch)) return current?.id;
        return putCreation(write, this.#clock, { ...members(seen), ...patch }, { id: seen.id, at });
      }
      if (Object.keys(rest).length === 0) return seen.id;
      let last = edits.at(-1);
      if (last?.kind === "delete") {
        // It was refused.
        await removeEdits(write, last);
        last = undefined;
      }
      if (last && !last.attempted) {
        const { refused: _, ...edit } = last;
        if (edit.kind === "create") await putEdit(write, { ...edit, at, body: { ...edit.body, ...rest } });
        else if (edit.kind === "change") await putEdit(write, { ...edit, at, patch: { ...edit.patch, ...rest } });
        return seen.id;
      }
      // The tag of what an edit under way makes comes with its response.
      const base =
        !last && held
          ? { etag: held.note.etag, members: membersOf(held.note) }
          : { etag: null, members: members(current) };
      await putEdit(write, { kind: "change", id: seen.id, at, base, patch: rest, attempted: false });
      return seen.id;
    });
    return id === undefined ? undefined : this.note(id);
  }

  /**
   * Deletes a note that the user has seen in this state, for ever. Returns whether it did: not if the text was changed
   * meanwhile.
   */
  async delete(seen: NoteView): Promise<boolean> {
    return this.#write(async (write) => {
      const held = await write.tx.objectStore("notes").get(seen.id);
      const edits = await editsOf(write.tx, seen.id);
      const current = viewOf(held, edits, this.#clock.now());
      if (!current) return true;
      if (!sameText(seen, current)) return false;
      // What was never sent need not be.
      const sent = edits.filter((edit) => edit.attempted);
      const unsent = edits.filter((edit) => !edit.attempted);
      await removeEdits(write, ...unsent);
      const base = baseOfDeletion(held, sent, unsent, this.#clock.now());
      if (base) await putEdit(write, { kind: "delete", id: seen.id, at: Date.now(), base, attempted: false });
      return true;
    });
  }

  /** Sends what the server has refused once more. */
  async retry(): Promise<void> {
    await this.#write(async (write) => {
      for (const { refused, ...edit } of await write.tx.objectStore("outbox").getAll()) {
        if (refused !== undefined) await putEdit(write, edit);
      }
    });
  }

  /**
   * Sends all edits and takes over what has changed, when no other tab of this device does so. Returns the status after
   * a run that began after the call.
   */
  sync(): Promise<Status> {
    // All callers while one is waiting get the same.
    const run = async () => {
      this.#next = undefined;
      return this.#run();
    };
    this.#next ??= this.#locks.request(`${this.#name} sync`, run).then((status) => status);
    return this.#next;
  }

  async #run(): Promise<Status> {
    this.#report({ state: "syncing" });
    try {
      await this.#sync.run();
      this.#report({ state: "synced" });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (error instanceof LaterError) {
        const { retryAfter } = error;
        this.#report({ state: "offline", detail, ...(retryAfter === undefined ? {} : { retryAfter }) });
      } else if (error instanceof SignedOutError) {
        this.#report({ state: "signed-out" });
      } else {
        this.#report({ state: "error", detail });
        if (!(error instanceof RefusedError)) throw error;
      }
    }
    await this.#count();
    return this.#status;
  }

  async #write<T>(run: (write: Write) => Promise<T>): Promise<T> {
    const [result, touched] = await write(this.#database, "strict", async (write) => {
      // Another tab may know the server's clock.
      this.#know(await stateOf(write.tx));
      return run(write);
    });
    this.#publish(touched);
    return result;
  }

  #know({ ahead, syncedAt }: SyncState): void {
    this.#ahead = ahead;
    if (syncedAt !== undefined) this.#status = { ...this.#status, syncedAt };
  }

  #publish(touched: Touched, state?: SyncState): void {
    if (state) this.#know(state);
    if (this.#closed || touched.ids.size === 0) return;
    const changed = { ids: [...touched.ids], moved: touched.moved };
    this.#channel.postMessage(changed);
    void this.#tell(changed);
  }

  async #tell(changed: Changed): Promise<void> {
    if (this.#closed) return;
    await this.#count();
    for (const listener of this.#listeners) listener(changed);
  }

  #report(status: Pick<Status, "state" | "detail" | "retryAfter">): void {
    const { pending, refused, syncedAt } = this.#status;
    this.#status = { pending, refused, ...(syncedAt === undefined ? {} : { syncedAt }), ...status };
    for (const listener of this.#listeners) listener({ ids: [], moved: [] });
  }

  async #count(): Promise<void> {
    const { pending, refused } = await countEdits(this.#database);
    this.#status = { ...this.#status, pending, refused };
  }
}

/** The state that a deletion is for, or `undefined` if the server has no such note. */
function baseOfDeletion(held: Held | undefined, sent: Edit[], unsent: Edit[], now: number): Base | undefined {
  if (sent.length > 0) {
    const seen = viewOf(held, sent, now);
    return seen && { etag: null, members: members(seen) };
  }
  const [change] = unsent;
  // The change hid what others have written since: the user has not seen it.
  if (change?.kind === "change" && !(held && merge(change.base.members, change.patch, membersOf(held.note)))) {
    return change.base;
  }
  return held && { etag: held.note.etag, members: membersOf(held.note) };
}

function members({ title, content, category, expiresAt }: Members): Members {
  return { title, content, category, expiresAt };
}

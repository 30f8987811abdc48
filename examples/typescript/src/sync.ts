import { type Changes, type Note, type NotesClient, notesOf, problemName } from "./client.js";
import { type Clock, afterGone, rebase, refuse, rename, takeEdit } from "./outbox.js";
import { timeOf } from "./view.js";
import {
  type Database,
  type Edit,
  type SyncState,
  type Touched,
  type Write,
  countEdits,
  editsOf,
  removeEdits,
  removeNote,
  setState,
  stateOf,
  storeNote,
  write,
} from "./store.js";

/** The same request has to be sent again later: there was no response, or one that asks for that. */
export class LaterError extends Error {
  override name = "LaterError";
  /** Milliseconds that the server asks to wait. */
  constructor(
    message: string,
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** The user has to sign in again; then the same request can succeed. */
export class SignedOutError extends Error {
  override name = "SignedOutError";
}

/** The server refuses what a correct client would not ask for, or has a fault. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

interface Reply<T> {
  status: number;
  data: T | undefined;
  /** The problem document, of a response that has one. */
  problem: { detail?: string; title?: string; current?: Note } | undefined;
  name: string | undefined;
  /** The server's clock, where the page may read it: CORS hides it. */
  date: number;
}

/** The algorithm of docs/sync.md. Only one may run at a time on a device. */
export class Sync {
  /** Whether the server is known to have no sync. */
  #lists = false;

  constructor(
    readonly database: Database,
    readonly client: NotesClient,
    readonly clock: Clock,
    /** Called after each transaction. */
    readonly publish: (touched: Touched, state: SyncState) => void,
  ) {}

  /** Sends all edits, then asks what has changed; again, if that made edits. */
  async run(): Promise<void> {
    do {
      await this.#push();
      await this.#pull();
    } while (await this.#hasEdits());
  }

  async #write<T>(durability: "strict" | "relaxed", run: (write: Write, state: SyncState) => Promise<T>): Promise<T> {
    const [[result, state], touched] = await write(this.database, durability, async (write) => {
      const result = await run(write, await stateOf(write.tx));
      return [result, await stateOf(write.tx)] as const;
    });
    this.publish(touched, state);
    return result;
  }

  async #hasEdits(): Promise<boolean> {
    return (await countEdits(this.database)).pending > 0;
  }

  async #push(): Promise<void> {
    for (;;) {
      // It is on the disk that it may have been sent before it is.
      const edit = await this.#write("strict", takeEdit);
      if (!edit) return;
      if (edit.kind === "create") await this.#create(edit);
      else await this.#edit(edit);
    }
  }

  async #create(edit: Edit & { kind: "create" }): Promise<void> {
    const reply = await settled(
      this.client.POST("/notes", { params: { header: { "Idempotency-Key": edit.id } }, body: edit.body }),
    );
    const note = reply.data;
    if (note) return this.#acknowledged(edit, note);
    if (reply.name === "id-spent") {
      return this.#write("relaxed", async (write) => {
        await removeNote(write, edit.id);
        await afterGone(write, edit.id, this.clock);
      });
    }
    if (reply.name === "id-reused") return this.#write("strict", (write) => rename(write, edit.id, this.clock.newId()));
    if (["idempotency-key-too-old", "idempotency-key-too-far-ahead"].includes(reply.name ?? "")) {
      // A complete copy says whether it was created before; and what time it is.
      await this.#pull();
      return this.#write("strict", async (write, { generation }) => {
        const held = await write.tx.objectStore("notes").get(edit.id);
        const first = (await editsOf(write.tx, edit.id))[0];
        // A page that named it as gone has removed it.
        if (first?.kind !== "create") return;
        if (held) return this.#acknowledge(write, first, held.note, generation);
        // If the server refuses what is dated now, too, the user has to know that the clock is wrong.
        if (Math.abs(this.clock.now() - timeOf(edit.id)) < 60_000) await refuse(write, first, said(reply));
        else await rename(write, edit.id, this.clock.newId());
      });
    }
    await this.#refused(edit, reply);
  }

  async #edit(edit: Edit & { kind: "change" | "delete" }): Promise<void> {
    const header = { "If-Match": edit.base.etag ?? '""' };
    const params = { path: { id: edit.id }, header };
    const reply: Reply<Note | undefined> =
      edit.kind === "change"
        ? await settled(this.client.PATCH("/notes/{id}", { params, body: edit.patch }))
        : await settled(this.client.DELETE("/notes/{id}", { params }));
    const current = reply.problem?.current;
    if (reply.data) {
      await this.#acknowledged(edit, reply.data);
    } else if (reply.status === 204 || (reply.status === 404 && reply.name === "note-not-found")) {
      await this.#write("relaxed", async (write) => {
        await removeNote(write, edit.id);
        if (edit.kind === "delete") await removeEdits(write, edit);
        await afterGone(write, edit.id, this.clock);
      });
    } else if (reply.status === 412 && current) {
      await this.#write("strict", async (write, { generation }) => {
        await storeNote(write, current, generation);
        await rebase(write, current, this.clock);
      });
    } else {
      await this.#refused(edit, reply);
    }
  }

  /** The server has done an edit. The note that it has returned is what later edits of this device build on. */
  #acknowledged(edit: Edit, note: Note): Promise<void> {
    return this.#write("relaxed", (write, { generation }) => this.#acknowledge(write, edit, note, generation));
  }

  async #acknowledge(write: Write, edit: Edit, note: Note, generation: number): Promise<void> {
    await removeEdits(write, edit);
    await storeNote(write, note, generation);
    await rebase(write, note, this.clock);
  }

  async #refused(edit: Edit, reply: Reply<unknown>): Promise<void> {
    await this.#write("strict", (write) => refuse(write, edit, said(reply)));
  }

  async #pull(): Promise<void> {
    while (!this.#lists) {
      const { token } = await this.#begin();
      const query = { limit: 100, ...(token === undefined ? {} : { since: token }) };
      const reply = await settled(this.client.GET("/notes/changes", { params: { query } }));
      if (reply.data) {
        const page = reply.data;
        await this.#write("relaxed", (write, state) => this.#apply(write, state, page));
        if (!page.more) return;
      } else if (reply.status === 410) {
        await this.#write("relaxed", (write, { token: _, ...state }) => setState(write, state));
      } else if (reply.name === "unknown-path") {
        this.#lists = true;
      } else {
        throw new RefusedError(said(reply));
      }
    }
    await this.#list();
  }

  /** Without a token, all notes will be named again: in a new generation, each time. */
  #begin(): Promise<SyncState> {
    return this.#write("relaxed", async (write, state) => {
      if (state.token === undefined) state.generation += 1;
      await setState(write, state);
      return state;
    });
  }

  /** Takes a page over: all of it with its token, or nothing. */
  async #apply(write: Write, state: SyncState, page: Changes): Promise<void> {
    const { generation } = state;
    await this.#store(write, page, generation);
    for (const id of page.gone ?? []) {
      await removeNote(write, id);
      const first = (await editsOf(write.tx, id))[0];
      if (first?.kind === "create") await afterGone(write, id, this.clock);
    }
    const now = Date.parse(page.asOf);
    await setState(write, { ...state, token: page.token, ahead: now - Date.now() });
    if (!page.more) await this.#complete(write, now);
  }

  async #store(write: Write, page: { items: Note[]; unreadable?: string[] }, generation: number): Promise<void> {
    for (const note of page.items) await storeNote(write, note, generation);
    for (const id of page.unreadable ?? []) {
      const held = await write.tx.objectStore("notes").get(id);
      if (held) await storeNote(write, held.note, generation);
    }
  }

  /** Every note that is there was named: the others are gone, and so is what has expired. */
  async #complete(write: Write, asOf?: number): Promise<void> {
    const state = await stateOf(write.tx);
    for await (const { value: held } of write.tx.objectStore("notes")) {
      const { expiresAt } = held.note;
      const isOver = asOf !== undefined && expiresAt !== undefined && Date.parse(expiresAt) <= asOf;
      if (held.generation !== state.generation || isOver) await removeNote(write, held.id);
    }
    await setState(write, { ...state, syncedAt: Date.now() });
  }

  /** All notes, from a server without sync. */
  async #list(): Promise<void> {
    const { generation } = await this.#write("relaxed", async (write, { token: _, ...state }) => {
      state.generation += 1;
      await setState(write, state);
      return state;
    });
    let cursor: string | undefined;
    do {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      const reply = await settled(this.client.GET("/notes", { params: { query } }));
      const page = reply.data;
      if (!page) throw new RefusedError(said(reply));
      await this.#write("relaxed", async (write) => {
        await this.#store(write, { ...page, items: notesOf(page) }, generation);
        const state = await stateOf(write.tx);
        if (!Number.isNaN(reply.date)) await setState(write, { ...state, ahead: reply.date - Date.now() });
      });
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    await this.#write("relaxed", (write) => this.#complete(write));
  }
}

/** The response to a request, unless the same request has to be sent again for one. */
async function settled<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Reply<T>> {
  let result: Awaited<typeof request>;
  try {
    result = await request;
  } catch (error) {
    throw new LaterError(String(error));
  }
  const { status, headers } = result.response;
  const name = problemName(result.error);
  if (status === 401 || status === 403) throw new SignedOutError("the server does not know the user");
  // What the API says with a problem, and what a gateway says without.
  const isLater = status >= 500 && name !== "internal-error";
  if (isLater || [408, 425, 429].includes(status) || name === "incomplete-body") {
    const seconds = Number.parseInt(headers.get("Retry-After") ?? "", 10);
    throw new LaterError(`the server responds with ${status}`, seconds > 0 ? seconds * 1000 : undefined);
  }
  const problem = name === undefined ? undefined : (result.error as Reply<T>["problem"]);
  return { status, data: result.data, problem, name, date: Date.parse(headers.get("Date") ?? "") };
}

function said({ status, problem, name }: Reply<unknown>): string {
  return problem?.detail ?? problem?.title ?? name ?? `the server responds with ${status}`;
}

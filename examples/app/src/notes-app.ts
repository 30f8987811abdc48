import { LitElement, type TemplateResult, html, nothing } from "lit";
import { type NoteView, Replica, createNotesClient, keepInSync } from "notes-client";
import { type Account, type Settings, accountByName, settings, signInByName } from "./account.js";
import "./note-editor.js";
import type { NoteEditor } from "./note-editor.js";
import { exported, imported } from "./exchange.js";
import "./note-list.js";
import "./sync-state.js";
import { fromTrash, isTrash, toTrash } from "./trash.js";

/** A message with what can be done about it. */
interface Notice {
  text: string;
  undo?: () => Promise<unknown>;
}

/** The page: signing in, then the notes. */
class NotesApp extends LitElement {
  readonly #settings: Settings = settings();
  #account: Account | undefined;
  #replica: Replica | undefined;
  #end: (() => void) | undefined;
  #notes = new Map<string, NoteView>();
  #open: string | undefined;
  #query = "";
  #category: string | undefined;
  /** Several at once: one that is told must not take away the chance to undo. */
  #notices: Notice[] = [];
  #isReady = false;
  /** Why there are no notes to show. */
  #failure: string | undefined;

  /** In the document itself: one style sheet, and labels that lead to their fields. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Another tab has signed this user out, and may show the notes of another one.
    addEventListener("storage", async () => {
      if (this.#account?.isSignedIn() !== false) return;
      this.#end?.();
      // What was being typed is kept until this user comes back.
      await this.#editor?.flush().catch(() => {});
      location.reload();
    });
    void this.#start();
  }

  async #start(): Promise<void> {
    this.#isReady = false;
    this.#failure = undefined;
    this.requestUpdate();
    const provider = this.#provider;
    try {
      this.#account = provider ? await (await import("./sign-in.js")).accountByProvider(provider) : accountByName();
      if (this.#account) await this.#openReplica(this.#account);
    } catch (error) {
      const what = this.#account ? "The notes on this device can't be opened" : "Signing in failed";
      this.#failure = `${what}: ${messageOf(error)}`;
    }
    this.#isReady = true;
    this.requestUpdate();
  }

  get #provider(): { issuer: string; clientId: string } | undefined {
    const { issuer, clientId } = this.#settings;
    return issuer !== undefined && clientId !== undefined ? { issuer, clientId } : undefined;
  }

  async #openReplica({ id, token }: Account): Promise<void> {
    const url = this.#settings.api ?? location.origin;
    const client = createNotesClient({ url, token });
    const replica = await Replica.open({ client, name: `notes of ${id} at ${url}` });
    this.#notes = new Map((await replica.notes()).map((note) => [note.id, note]));
    this.#replica = replica;
    replica.subscribe(async ({ ids, moved }) => {
      for (const id of ids) {
        try {
          const note = await replica.note(id);
          if (note) this.#notes.set(id, note);
          else this.#notes.delete(id);
        } catch (error) {
          // The database is closed when the page is left.
          if (error instanceof DOMException && error.name === "InvalidStateError") return;
          throw error;
        }
      }
      for (const { from, to, isCopy } of moved) {
        if (isCopy) this.#tell({ text: "A note was changed elsewhere, too: what you wrote is a note of its own." });
        if (from !== this.#open) continue;
        this.#open = to;
        this.#editor?.follow(to);
      }
      this.requestUpdate();
    });
    this.#end = keepInSync(replica);
  }

  protected override render(): TemplateResult {
    if (!this.#isReady) return html`<p class="loading">Loading…</p>`;
    const replica = this.#replica;
    if (!replica) return this.#renderSignIn();
    const open = this.#open === undefined ? undefined : this.#notes.get(this.#open);
    const isTrashShown = this.#category === "Trash";
    return html`
      <header>
        <h1>Notes</h1>
        <input
          type="search"
          aria-label="Search the notes on this device"
          placeholder="Search"
          .value=${this.#query}
          @input=${(event: InputEvent) => this.#show(this.#category, (event.target as HTMLInputElement).value)}
        />
        <sync-state .replica=${replica} @sign-in=${() => this.#try(() => this.#signIn())}></sync-state>
        ${this.#renderMenu(replica)}
      </header>
      <nav aria-label="Categories">${this.#renderCategories()}</nav>
      <main class=${open ? "with-note" : ""}>
        <section aria-label="List of notes" class="list">
          <button class="new" @click=${() => this.#try(() => this.#create(replica))}>New note</button>
          <note-list
            .notes=${this.#found()}
            .open=${this.#open}
            .empty=${this.#query ? "Nothing is found." : isTrashShown ? "The trash is empty." : "No notes yet."}
            @open-note=${(event: CustomEvent<string>) => this.#try(() => this.#openNote(event.detail))}
          ></note-list>
        </section>
        <note-editor
          .replica=${replica}
          .note=${open}
          .categories=${this.#categories()}
          @close-note=${() => this.#try(() => this.#close(replica))}
          @move-note=${({ detail }: CustomEvent<NoteView>) => {
            this.#notes.set(detail.id, detail);
            this.#open = detail.id;
            this.requestUpdate();
          }}
          @trash-note=${() => this.#try(() => this.#trash(replica))}
          @restore-note=${() => this.#try(() => this.#restore(replica))}
          @delete-note=${() => this.#try(() => this.#delete(replica))}
        ></note-editor>
      </main>
      ${this.#renderNotices()}
    `;
  }

  #renderNotices(): TemplateResult {
    const undo = async (notice: Notice) => {
      this.#forget(notice);
      await this.#try(async () => notice.undo?.());
    };
    return html`<div class="notices" role="status">
      ${this.#notices.map(
        (notice) => html`<p>
          ${notice.text} ${notice.undo ? html`<button @click=${() => undo(notice)}>Undo</button>` : nothing}
        </p>`,
      )}
    </div>`;
  }

  #renderSignIn(): TemplateResult {
    const provider = this.#provider;
    if (provider) {
      return html`<main class="sign-in">
        <h1>Notes</h1>
        <button @click=${() => this.#try(() => this.#signIn())}>Sign in</button>
        ${this.#renderFailure()} ${this.#renderNotices()}
      </main>`;
    }
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      signInByName(String(new FormData(event.target as HTMLFormElement).get("name")));
      void this.#start();
    };
    return html`<main class="sign-in">
      <h1>Notes</h1>
      <form @submit=${submit}>
        <label for="name">Your name</label>
        <input id="name" name="name" required pattern="[A-Za-z0-9._@\\-]{1,64}" autocomplete="username" />
        <p>Letters, digits, and the characters . _ @ -. This server is for development: nobody checks it.</p>
        <button>Sign in</button>
      </form>
      ${this.#renderFailure()}
    </main>`;
  }

  #renderFailure(): TemplateResult | typeof nothing {
    return this.#failure === undefined ? nothing : html`<p role="alert">${this.#failure}</p>`;
  }

  #renderMenu(replica: Replica): TemplateResult {
    const choose = (event: Event) => (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
    return html`<details class="menu">
      <summary>${this.#account?.name}</summary>
      <div @click=${choose}>
        <button @click=${() => this.#export()}>Export all notes</button>
        <label class="button"
          >Import notes
          <input
            type="file"
            accept="application/json,.json"
            @change=${(event: Event) => this.#import(replica, event.target as HTMLInputElement)}
          />
        </label>
        <button @click=${() => this.#try(() => this.#signOut(replica))}>Sign out</button>
      </div>
    </details>`;
  }

  #renderCategories(): TemplateResult[] {
    const names = [undefined, ...this.#categories(), "Trash"];
    return names.map((name) => {
      const isShown = name === this.#category;
      return html`<button aria-pressed=${isShown} @click=${() => this.#show(name, this.#query)}>
        ${name ?? "All notes"}
      </button>`;
    });
  }

  #categories(): string[] {
    const names = [...this.#notes.values()].filter((note) => !isTrash(note)).map(({ category }) => category);
    return [...new Set(names)].filter((name) => name !== null).sort((one, other) => one.localeCompare(other));
  }

  /** The notes of the chosen category that have all words of the search, the latest first. */
  #found(): NoteView[] {
    const words = this.#query.toLowerCase().split(/\s+/).filter(Boolean);
    const isFound = (note: NoteView) => {
      if (isTrash(note) !== (this.#category === "Trash")) return false;
      if (this.#category !== undefined && this.#category !== "Trash" && note.category !== this.#category) return false;
      if (words.length === 0) return true;
      const text = `${note.title}\n${note.content}\n${note.category ?? ""}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    return [...this.#notes.values()].filter(isFound).sort((one, other) => other.updatedAt - one.updatedAt);
  }

  #show(category: string | undefined, query: string): void {
    this.#category = category;
    this.#query = query;
    this.requestUpdate();
  }

  async #openNote(id: string): Promise<void> {
    await this.#editor?.flush();
    this.#open = id;
    this.requestUpdate();
    await this.updateComplete;
    await this.#editor?.focusTitle();
  }

  get #editor(): NoteEditor | null {
    return this.querySelector("note-editor");
  }

  async #create(replica: Replica): Promise<void> {
    await this.#editor?.flush();
    const isOwn = this.#category !== undefined && this.#category !== "Trash";
    const note = await replica.create({
      title: "New note",
      content: "",
      ...(isOwn && this.#category !== undefined ? { category: this.#category } : {}),
    });
    this.#notes.set(note.id, note);
    this.#show(isOwn ? this.#category : undefined, "");
    await this.#openNote(note.id);
  }

  async #close(replica: Replica): Promise<void> {
    const id = this.#open;
    this.#open = undefined;
    this.requestUpdate();
    await this.updateComplete;
    (this.querySelector<HTMLElement>(`[data-id="${id}"]`) ?? this.querySelector<HTMLElement>(".new"))?.focus();
    const note = id === undefined ? undefined : await replica.note(id);
    // Nothing was written into it.
    if (note?.title === "New note" && note.content === "" && note.pending) await replica.delete(note);
  }

  async #trash(replica: Replica): Promise<void> {
    const note = await this.#editor?.flush();
    if (!note) return;
    const { category, expiresAt } = note;
    const moved = await replica.change(note, toTrash(note));
    await this.#close(replica);
    if (!moved) return;
    this.#tell({
      text: `“${note.title}” is in the trash for 30 days.`,
      undo: () => replica.change(moved, { category, expiresAt }),
    });
  }

  async #restore(replica: Replica): Promise<void> {
    const note = await this.#editor?.flush();
    if (!note) return;
    await replica.change(note, fromTrash(note));
    await this.#close(replica);
    this.#tell({ text: `“${note.title}” is out of the trash.` });
  }

  async #delete(replica: Replica): Promise<void> {
    const note = await this.#editor?.flush();
    if (!note) return;
    const isDeleted = await replica.delete(note);
    await this.#close(replica);
    const text = isDeleted ? `“${note.title}” is deleted.` : "The note has changed meanwhile: look at it again.";
    this.#tell({ text });
  }

  #export(): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(exported(this.#notes.values()));
    link.download = "notes.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async #import(replica: Replica, input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? [];
    if (!file) return;
    input.closest("details")?.removeAttribute("open");
    try {
      const count = await imported(file, replica);
      this.#tell({ text: `${count} ${count === 1 ? "note is" : "notes are"} imported.` });
    } catch (error) {
      this.#tell({ text: `This file can't be imported: ${messageOf(error)}` });
    }
    input.value = "";
  }

  /** The copy stays on this device only if it has what the server has not. */
  async #signOut(replica: Replica): Promise<void> {
    let warning: string | undefined;
    try {
      await this.#editor?.flush();
      const { pending, refused } = await replica.sync();
      const unsent = pending + refused;
      const changes = unsent === 1 ? "1 change is" : `${unsent} changes are`;
      if (unsent > 0) warning = `${changes} only on this device. All notes stay on it until you sign in again.`;
    } catch (error) {
      // A full device must not keep anybody from leaving it.
      warning = `This device can't save: ${messageOf(error)}. What is being written is lost.`;
    }
    if (warning !== undefined && !confirm(`${warning} Sign out?`)) return;
    this.#end?.();
    // First: this makes the other tabs stop.
    this.#account?.signOut();
    try {
      await replica.erase();
    } finally {
      location.reload();
    }
  }

  /** Does what can fail, such as because the device is full, and says so then. */
  async #try(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#tell({ text: `This has failed: ${messageOf(error)}` });
    }
  }

  async #signIn(): Promise<void> {
    const provider = this.#provider;
    if (provider) await (await import("./sign-in.js")).signIn(provider);
  }

  #tell(notice: Notice): void {
    this.#notices.push(notice);
    // Of more than three, the oldest of those goes with which nothing can be undone.
    if (this.#notices.length > 3) this.#notices.splice(Math.max(0, this.#notices.findIndex(({ undo }) => !undo)), 1);
    // Whoever wants to undo something may need time to find out how.
    setTimeout(() => this.#forget(notice), notice.undo ? 60_000 : 10_000);
    this.requestUpdate();
  }

  #forget(notice: Notice): void {
    this.#notices = this.#notices.filter((other) => other !== notice);
    this.requestUpdate();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

customElements.define("notes-app", NotesApp);

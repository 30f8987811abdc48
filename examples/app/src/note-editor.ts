import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from "lit";
import type { NoteView, Replica } from "notes-client";
import { Draft } from "./draft.js";
import { isTrash } from "./trash.js";

/** How long the user may pause before what was typed is saved, in milliseconds. */
const PAUSE = 300;

/** How long after a failure it is tried again, in milliseconds. */
const RETRY = 5_000;

/** The open note. What is typed is saved while it is typed. */
export class NoteEditor extends LitElement {
  static override properties = {
    replica: { attribute: false },
    note: { attribute: false },
    categories: { attribute: false },
  };
  declare replica: Replica;
  declare note: NoteView | undefined;
  declare categories: string[];
  #draft: Draft | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<unknown> = Promise.resolve();
  #isSaving = false;
  /** Why the device has not saved what was typed. */
  #failure: string | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#leave);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#leave);
  }

  /** A page that is hidden may never be shown again. */
  readonly #leave = () => void this.flush().catch(() => {});

  async focusTitle(): Promise<void> {
    await this.updateComplete;
    const title = this.querySelector<HTMLInputElement>("#title");
    title?.focus();
    title?.select();
  }

  /**
   * Saves what is not saved yet, also what is typed meanwhile. Returns the note as the user sees it.
   *
   * Throws if the device does not save it. Then it stays in the editor, which says so and tries again.
   */
  async flush(): Promise<NoteView | undefined> {
    clearTimeout(this.#timer);
    const saving = this.#saving.then(() => this.#save());
    // One that fails must not keep the next from trying.
    this.#saving = saving.catch(() => {});
    await saving;
    return this.#draft?.seen;
  }

  async #save(): Promise<void> {
    for (let draft = this.#draft; draft?.isChanged; draft = this.#draft) {
      const { patch, seen } = draft;
      this.#isSaving = true;
      try {
        const note = await this.replica.change(seen, patch);
        if (note) draft.saved(note, patch);
        if (draft !== this.#draft) continue;
        if (!note) this.#draft = undefined;
        else if (note.id !== seen.id) this.dispatchEvent(new CustomEvent("move-note", { detail: note }));
      } catch (error) {
        this.#failure = error instanceof Error ? error.message : String(error);
        this.#saveSoon(RETRY);
        throw error;
      } finally {
        this.#isSaving = false;
        this.requestUpdate();
      }
    }
    // Also when what could not be saved was taken back.
    this.#failure = undefined;
    this.requestUpdate();
  }

  #saveSoon(pause: number): void {
    clearTimeout(this.#timer);
    // The editor says that it has failed.
    this.#timer = setTimeout(() => void this.flush().catch(() => {}), pause);
  }

  #write(change: Partial<NoteView>, pause: number): void {
    if (!this.#draft) return;
    Object.assign(this.#draft.fields, change);
    this.#saveSoon(pause);
    this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("note")) return;
    const { note } = this;
    const isChanged = this.#draft?.isChanged;
    if (note && this.#draft?.seen.id === note.id) {
      if (!this.#isSaving) this.#draft.update(note);
    } else if (note) {
      this.#draft = new Draft(note);
    } else if (isChanged) {
      // It was deleted elsewhere while the user wrote: that becomes another note.
      this.#saveSoon(0);
    } else {
      this.#draft = undefined;
    }
  }

  /** The open note goes on under another id, with what was typed since. */
  follow(id: string): void {
    if (this.#draft) this.#draft.seen = { ...this.#draft.seen, id };
  }

  protected override render(): TemplateResult {
    const draft = this.#draft;
    if (!draft) return html`<p class="nothing">Choose a note, or write a new one.</p>`;
    const { fields } = draft;
    const tell = (name: string) => () => this.dispatchEvent(new CustomEvent(name));
    const isOver = isTrash(fields);
    return html`<form
      aria-label="Note"
      @submit=${(event: Event) => event.preventDefault()}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === "Escape") void this.#close();
      }}
    >
      <div class="actions">
        <button type="button" class="back" @click=${() => this.#close()}>Close</button>
        <span class="saved" role="status">${this.#stateOf(draft)}</span>
        ${isOver
          ? html`<button type="button" @click=${tell("restore-note")}>Restore</button>
              <button type="button" class="danger" @click=${tell("delete-note")}>Delete for ever</button>`
          : html`<button type="button" class="danger" @click=${tell("trash-note")}>Delete</button>`}
      </div>
      <label for="title">Title</label>
      <input
        id="title"
        maxlength="256"
        .value=${fields.title}
        @input=${(event: InputEvent) => this.#write({ title: valueOf(event) }, PAUSE)}
      />
      <label for="content">Text</label>
      <textarea
        id="content"
        rows="12"
        .value=${fields.content}
        @input=${(event: InputEvent) => this.#write({ content: valueOf(event) }, PAUSE)}
      ></textarea>
      ${isOver ? html`<p>It is deleted on ${dateOf(fields.expiresAt)}.</p>` : this.#renderFacts(fields)}
    </form>`;
  }

  #renderFacts({ category, expiresAt }: NoteView): TemplateResult {
    const setExpiry = (event: Event) => {
      const date = valueOf(event);
      // The end of that day, where the user is.
      this.#write({ expiresAt: date === "" ? null : new Date(`${date}T23:59:59`).toISOString() }, 0);
    };
    return html`<div class="facts">
      <div>
        <label for="category">Category</label>
        <input
          id="category"
          maxlength="58"
          list="categories"
          .value=${category ?? ""}
          @change=${(event: Event) => this.#write({ category: valueOf(event).trim() || null }, 0)}
        />
        <datalist id="categories">${this.categories.map((name) => html`<option value=${name}></option>`)}</datalist>
      </div>
      <div>
        <label for="expiry">Keep until</label>
        <input id="expiry" type="date" min=${dayOf(new Date())} .value=${dayOf(expiresAt)} @change=${setExpiry} />
      </div>
    </div>`;
  }

  #stateOf(draft: Draft): string | typeof nothing {
    const { refused } = draft.seen;
    if (this.#failure !== undefined) return `Not saved on this device: ${this.#failure}`;
    if (refused !== undefined) return `Not taken by the server: ${refused}`;
    if (draft.fields.title.trim() === "") return "A note needs a title";
    return draft.isChanged ? "Saving…" : "Saved on this device";
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } catch {
      // It stays open, with what was typed.
      return;
    }
    this.dispatchEvent(new CustomEvent("close-note"));
  }
}

function valueOf(event: Event): string {
  return (event.target as HTMLInputElement | HTMLTextAreaElement).value;
}

/** The day of a time where the user is, as a date field wants it. */
function dayOf(time: Date | string | null): string {
  if (time === null) return "";
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function dateOf(time: string | null): string {
  return time === null ? "" : new Date(time).toLocaleDateString();
}

customElements.define("note-editor", NoteEditor);

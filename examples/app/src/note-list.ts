import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from "lit";
import type { NoteView } from "notes-client";
import { repeat } from "lit/directives/repeat.js";

/** So many notes are added at a time, so that the first are there at once however many there are. */
const BATCH = 50;

/** A list of notes, of which one may be open. It grows when its end comes into view. */
class NoteList extends LitElement {
  static override properties = {
    notes: { attribute: false },
    open: { attribute: false },
    empty: { attribute: false },
  };
  declare notes: NoteView[];
  declare open: string | undefined;
  declare empty: string;
  #count = BATCH;
  readonly #observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) this.#more();
  });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  #more(): void {
    this.#count += BATCH;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { length } = this.notes;
    const shown = this.notes.slice(0, this.#count);
    return html`
      <p class="count" role="status">${length === 0 ? this.empty : `${length} ${length === 1 ? "note" : "notes"}`}</p>
      <ul>
        ${repeat(
          shown,
          (note) => note.id,
          (note) => this.#renderNote(note),
        )}
      </ul>
      ${length > shown.length
        ? html`<button class="more" @click=${() => this.#more()}>Show more of ${length} notes</button>`
        : nothing}
    `;
  }

  #renderNote({ id, title, content, category, pending, refused, updatedAt }: NoteView): TemplateResult {
    const choose = () => this.dispatchEvent(new CustomEvent("open-note", { detail: id }));
    const state = refused ? "Refused by the server" : pending ? "Only on this device so far" : undefined;
    return html`<li>
      <button data-id=${id} aria-current=${id === this.open ? "true" : nothing} @click=${choose}>
        <strong>${title}</strong>
        <span class="excerpt">${content.slice(0, 120)}</span>
        <span class="facts">
          ${new Date(updatedAt).toLocaleDateString()} ${category === null ? nothing : html`<em>${category}</em>`}
          ${state ? html`<span class=${refused ? "refused" : "pending"}>${state}</span>` : nothing}
        </span>
      </button>
    </li>`;
  }

  protected override updated(_changed: PropertyValues): void {
    this.#observer.disconnect();
    const more = this.querySelector(".more");
    if (more) this.#observer.observe(more);
  }
}

customElements.define("note-list", NoteList);

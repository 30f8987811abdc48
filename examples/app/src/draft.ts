import type { NoteView, Patch } from "notes-client";

const MEMBERS = ["title", "content", "category", "expiresAt"] as const;

/** What the fields of the editor show, and the state of the note on which their text was written. */
export class Draft {
  seen: NoteView;
  fields: NoteView;

  constructor(note: NoteView) {
    this.seen = note;
    this.fields = { ...note };
  }

  /** What differs from the note, as far as it can be saved: a title can't be blank. */
  get patch(): Patch {
    return this.#differs(this.seen);
  }

  get isChanged(): boolean {
    return Object.keys(this.patch).length > 0;
  }

  /** Shows a newer state, but for what the user is writing: that stays on the state from which it was begun. */
  update(note: NoteView): void {
    const patch = this.patch;
    const begun = Object.keys(patch).map((member) => [member, this.seen[member as keyof Patch]]);
    this.seen = { ...note, ...Object.fromEntries(begun) };
    this.fields = { ...note, ...patch };
  }

  /** Shows the state that `written` has made, but for what the user has written since. */
  saved(note: NoteView, written: Patch): void {
    const later = this.#differs({ ...this.seen, ...written });
    this.seen = note;
    this.fields = { ...note, ...later };
  }

  #differs(note: NoteView): Patch {
    const differs = MEMBERS.filter((member) => this.fields[member] !== note[member]);
    const savable = differs.filter((member) => member !== "title" || this.fields.title.trim() !== "");
    return Object.fromEntries(savable.map((member) => [member, this.fields[member]]));
  }
}

import type { NewNote, Note } from "./client.js";

/** What a user can change of a note. `null` is none; an expiry is in the form of the server, in whole seconds. */
export interface Members {
  title: string;
  content: string;
  category: string | null;
  expiresAt: string | null;
}

/** The members to change, with their new values. */
export type Patch = Partial<Members>;

export function membersOf(note: Note | NewNote): Members {
  const { title, content, category, expiresAt } = note;
  return { title, content, category: category ?? null, expiresAt: expiresAt ?? null };
}

/** The members in the form that the server gives them, so that the same value is the same text. */
export function normalized<P extends Patch>(patch: P): P {
  const result = { ...patch };
  if (result.title !== undefined) result.title = result.title.toWellFormed();
  if (result.content !== undefined) result.content = result.content.toWellFormed();
  if (result.category != null) result.category = result.category.trim().toWellFormed() || null;
  if (result.expiresAt != null) {
    const seconds = Math.ceil(Date.parse(result.expiresAt) / 1000);
    result.expiresAt = new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
  }
  return result;
}

/** Whether a change has text that somebody typed. */
export function hasText(patch: Patch): boolean {
  return patch.title !== undefined || patch.content !== undefined || patch.category != null;
}

/** Whether two states have the same text. */
export function sameText(one: Members, other: Members): boolean {
  return one.title === other.title && one.content === other.content && one.category === other.category;
}

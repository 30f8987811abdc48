import { type Members, membersOf } from "./members.js";
import { type Edit, type Held } from "./store.js";

/** A note as its user sees it: the server's state with this device's edits on top. */
export interface NoteView extends Members {
  id: string;
  /** In milliseconds. */
  createdAt: number;
  updatedAt: number;
  /** Whether the server has not acknowledged all of it. */
  pending: boolean;
  /** Why the server has refused the last edit. */
  refused?: string;
}

/** `undefined` for a note that is not there, or deleted, or expired at `now`, a time by the server's clock. */
export function viewOf(held: Held | undefined, edits: Edit[], now: number): NoteView | undefined {
  let members = held && membersOf(held.note);
  let id = held?.id;
  let updatedAt = held ? Date.parse(held.note.updatedAt) : 0;
  let refused: string | undefined;
  for (const edit of edits) {
    refused = edit.refused;
    if (edit.kind === "delete") {
      if (refused === undefined) return undefined;
      continue;
    }
    id = edit.id;
    updatedAt = Math.max(updatedAt, edit.at);
    // What the server has shown of a creation is newer than what was sent.
    if (edit.kind === "create") members ??= membersOf(edit.body);
    else members = { ...(members ?? edit.base.members), ...edit.patch };
  }
  if (!members || id === undefined) return undefined;
  const pending = edits.length > 0;
  // What was typed stays in sight until it is somewhere else.
  if (!pending && members.expiresAt !== null && Date.parse(members.expiresAt) <= now) return undefined;
  return { id, ...members, createdAt: timeOf(id), updatedAt, pending, ...(refused === undefined ? {} : { refused }) };
}

/** The time that an id carries, in milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

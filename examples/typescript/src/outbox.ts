import type { NewNote, Note } from "./client.js";
import { type Members, type Patch, hasText, membersOf, sameText } from "./members.js";
import { merge } from "./merge.js";
import { type Change, type Edit, type Write, editsOf, putEdit, removeEdits } from "./store.js";

/** The server's clock, as far as this device knows it, and ids of notes that are dated by it. */
export interface Clock {
  now: () => number;
  newId: () => string;
}

/** Takes the first edit that is to be sent. From now on, whatever happens, it stays as it is until it is answered. */
export async function takeEdit(write: Write): Promise<Edit | undefined> {
  for await (const { value: edit } of write.tx.objectStore("outbox")) {
    if (edit.refused !== undefined) continue;
    if (!edit.attempted) await putEdit(write, { ...edit, attempted: true });
    return { ...edit, attempted: true };
  }
  return undefined;
}

/**
 * The server has shown a state of a note that is not the one on which its edits were made. What they change there and
 * the others did not is repeated on the new state; otherwise they become another note.
 */
export async function rebase(write: Write, note: Note, clock: Clock): Promise<void> {
  const edits = await editsOf(write.tx, note.id);
  let current = membersOf(note);
  const last = edits.at(-1);
  if (last?.kind === "delete") {
    // The user has deleted what these have changed.
    await removeEdits(write, ...edits.slice(0, -1));
    // Who deletes a note that has changed since has not seen what would be lost.
    if (!sameText(last.base.members, current)) await removeEdits(write, last);
    else await putEdit(write, { ...last, base: { etag: note.etag, members: current }, attempted: false });
    return;
  }
  const changes = edits.filter((edit) => edit.kind === "change");
  const kept: Patch = {};
  for (const [index, change] of changes.entries()) {
    const rest = merge(change.base.members, change.patch, current);
    if (!rest) {
      await keepAsNew(write, changes.slice(index), clock);
      break;
    }
    await removeEdits(write, change);
    Object.assign(kept, rest);
    current = { ...current, ...rest };
  }
  const first = changes[0];
  if (!first || Object.keys(kept).length === 0) return;
  const base = { etag: note.etag, members: membersOf(note) };
  const { refused: _, ...edit } = first;
  await putEdit(write, { ...edit, base, patch: kept, attempted: false });
}

/** The note is gone. What was typed since then is kept as another note, unless its user has deleted that, too. */
export async function afterGone(write: Write, id: string, clock: Clock): Promise<void> {
  const edits = await editsOf(write.tx, id);
  const creation = edits.find((edit) => edit.kind === "create");
  // It has happened, though no response has come.
  if (creation) await removeEdits(write, creation);
  const changes = edits.filter((edit) => edit.kind === "change");
  if (changes.some((change) => hasText(change.patch)) && edits.at(-1)?.kind !== "delete") {
    await keepAsNew(write, changes, clock);
  } else {
    await removeEdits(write, ...edits);
  }
}

/** Makes another note of what these changes would have made of theirs, at the place of the first. */
async function keepAsNew(write: Write, changes: Change[], clock: Clock): Promise<void> {
  const [first] = changes;
  if (!first) return;
  const patch: Patch = Object.assign({}, ...changes.map((change) => change.patch));
  await removeEdits(write, ...changes);
  await putCreation(write, clock, { ...first.base.members, ...patch }, first);
}

/** Puts the creation of a note that goes on with what the user has typed into another one. */
export async function putCreation(
  write: Write,
  clock: Clock,
  members: Members,
  from: { id: string; at: number; position?: number },
): Promise<string> {
  const id = clock.newId();
  write.touched.moved.push({ from: from.id, to: id, isCopy: true });
  const place = from.position === undefined ? {} : { position: from.position };
  await putEdit(write, { ...place, kind: "create", id, at: from.at, body: newNote(members, clock), attempted: false });
  return id;
}

/** The body of a creation. An expiry that has passed is not sent: the note then lasts as a new one does. */
function newNote({ title, content, category, expiresAt }: Members, clock: Clock): NewNote {
  const body: NewNote = { title, content };
  if (category !== null) body.category = category;
  if (expiresAt === null || Date.parse(expiresAt) > clock.now()) body.expiresAt = expiresAt;
  return body;
}

/** Gives a creation another key, and its later edits with it. */
export async function rename(write: Write, id: string, to: string): Promise<void> {
  write.touched.moved.push({ from: id, to, isCopy: false });
  write.touched.ids.add(id);
  for (const edit of await editsOf(write.tx, id)) await putEdit(write, { ...edit, id: to, attempted: false });
}

/** The server has refused an edit. Those that queue behind it become part of it: it will not be sent as it was. */
export async function refuse(write: Write, edit: Edit, why: string): Promise<void> {
  const later = (await editsOf(write.tx, edit.id)).filter(({ position }) => position !== edit.position);
  await removeEdits(write, ...later);
  const last = later.at(-1);
  if (last?.kind === "delete") {
    await removeEdits(write, edit);
    if (edit.kind === "change") await putEdit(write, { ...last, base: edit.base });
    return;
  }
  const patch: Patch = Object.assign({}, ...later.map((change) => (change.kind === "change" ? change.patch : {})));
  // With what the user has changed since, it is another request.
  const refused = later.length === 0 ? { attempted: false, refused: why } : { attempted: false };
  if (edit.kind === "create") await putEdit(write, { ...edit, body: { ...edit.body, ...patch }, ...refused });
  else if (edit.kind === "change") await putEdit(write, { ...edit, patch: { ...edit.patch, ...patch }, ...refused });
  else await putEdit(write, { ...edit, ...refused });
}

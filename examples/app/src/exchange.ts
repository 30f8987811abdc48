import type { NewNote, NoteView, Replica } from "notes-client";

interface Exported {
  notes: (NewNote & { createdAt?: string })[];
}

/** All notes as a file of JSON. */
export function exported(notes: Iterable<NoteView>): Blob {
  const file: Exported = {
    notes: [...notes].map(({ title, content, category, expiresAt, createdAt }) => ({
      title,
      content,
      category,
      expiresAt,
      createdAt: new Date(createdAt).toISOString(),
    })),
  };
  return new Blob([JSON.stringify(file, undefined, 2)], { type: "application/json" });
}

/**
 * Creates the notes of such a file that are not there yet, and have not expired. Returns how many.
 *
 * Throws if it is not such a file; then nothing is created.
 */
export async function imported(file: Blob, replica: Replica): Promise<number> {
  const { notes } = JSON.parse(await file.text()) as Exported;
  if (!Array.isArray(notes)) throw new TypeError("there is no list of notes in it");
  const there = new Set((await replica.notes()).map(keyOf));
  const missing: NewNote[] = [];
  for (const { title, content, category = null, expiresAt = null } of notes) {
    if (typeof title !== "string" || typeof content !== "string") throw new TypeError("a note without a text");
    const note = { title, content, category, expiresAt };
    const hasExpired = expiresAt !== null && !(Date.parse(expiresAt) > Date.now());
    if (!there.has(keyOf(note)) && !hasExpired) missing.push(note);
    there.add(keyOf(note));
  }
  return (await replica.createAll(missing)).length;
}

function keyOf({ title, content, category, expiresAt }: NewNote): string {
  return JSON.stringify([title, content, category ?? null, expiresAt ?? null]);
}

import type { Members, Patch } from "notes-client";

/** The category of notes in the trash. A note that had another one has it behind this, to get it back. */
const TRASH = "Trash";
const DAYS = 30;

export function isTrash({ category }: Pick<Members, "category">): boolean {
  return category === TRASH || category?.startsWith(`${TRASH}/`) === true;
}

/** Moves a note to the trash: it expires after 30 days, or earlier if it does so anyway. */
export function toTrash({ category, expiresAt }: Members): Patch {
  const name = category === null ? TRASH : `${TRASH}/${category}`;
  const end = Date.now() + DAYS * 86_400_000;
  return {
    // A category has at most 64 characters.
    category: [...name].length > 64 ? TRASH : name,
    expiresAt: expiresAt !== null && Date.parse(expiresAt) < end ? expiresAt : new Date(end).toISOString(),
  };
}

/** Takes it out again. It does not expire then: what its expiry was is not known any more. */
export function fromTrash({ category }: Members): Patch {
  return { category: category?.slice(TRASH.length + 1) || null, expiresAt: null };
}

import type { Members, Patch } from "./members.js";

/**
 * A change that was made on `base`, for a note that is now `current`: what is left to change, or `undefined` where both
 * sides have changed the same member to different values.
 *
 * Of two expiries the later one wins: that loses nothing, and a service that renews notes moves them with each write.
 */
export function merge(base: Members, patch: Patch, current: Members): Patch | undefined {
  const rest: Patch = { ...patch };
  for (const name of Object.keys(patch) as (keyof Members)[]) {
    const mine = patch[name];
    if (mine === current[name]) delete rest[name];
    else if (current[name] === base[name]) continue;
    else if (name !== "expiresAt") return undefined;
    else if (time(patch.expiresAt) < time(current.expiresAt)) delete rest.expiresAt;
  }
  return rest;
}

function time(expiresAt: string | null | undefined): number {
  return expiresAt == null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
}

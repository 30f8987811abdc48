import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Members, Patch } from "../src/index.js";
import { merge } from "../src/merge.js";

const text = fc.constantFrom("one", "two", "three");
const expiry = fc.constantFrom(null, "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z");
const members: fc.Arbitrary<Members> = fc.record({
  title: text,
  content: text,
  category: fc.option(text),
  expiresAt: expiry,
});
const patch: fc.Arbitrary<Patch> = fc.record(
  { title: text, content: text, category: fc.option(text), expiresAt: expiry },
  { requiredKeys: [] },
);
const seed = Number(process.env["NOTES_TEST_SEED"] ?? 1);

test("a_change_of_members_that_nobody_else_has_changed_is_made", () => {
  fc.assert(
    fc.property(members, patch, patch, (base, mine, theirs) => {
      for (const name of Object.keys(mine)) delete theirs[name as keyof Members];
      const current = { ...base, ...theirs };
      assert.deepEqual({ ...current, ...merge(base, mine, current) }, { ...current, ...mine });
    }),
    { seed },
  );
});

test("a_text_that_others_have_written_is_never_replaced_by_another", () => {
  fc.assert(
    fc.property(members, patch, members, (base, mine, current) => {
      const rest = merge(base, mine, current);
      for (const name of ["title", "content", "category"] as const) {
        if (rest?.[name] === undefined) continue;
        assert.ok(current[name] === base[name], `${name} was written by others`);
      }
    }),
    { seed },
  );
});

test("two_changes_of_one_text_to_different_values_are_a_conflict", () => {
  const base = { title: "Milk", content: "1 litre", category: null, expiresAt: null };
  assert.equal(merge(base, { content: "2 litres" }, { ...base, content: "3 litres" }), undefined);
  assert.deepEqual(merge(base, { content: "2 litres" }, { ...base, content: "2 litres" }), {});
});

test("of_two_expiries_the_later_one_is_kept", () => {
  const base = { title: "", content: "", category: null, expiresAt: "2030-01-01T00:00:00Z" };
  const [earlier, later] = ["2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z"];
  assert.deepEqual(merge(base, { expiresAt: earlier }, { ...base, expiresAt: later }), {});
  assert.deepEqual(merge(base, { expiresAt: later }, { ...base, expiresAt: earlier }), { expiresAt: later });
  assert.deepEqual(merge(base, { expiresAt: null }, { ...base, expiresAt: later }), { expiresAt: null });
});

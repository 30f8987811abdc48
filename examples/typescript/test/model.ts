import fc from "fast-check";
import { type Death, type Fate, type Library, type Member, World } from "./world.js";

type Step = { name: string; run: (world: World) => Promise<unknown> };

const device = fc.nat(1);
const tab = fc.nat(1);
const pick = fc.nat(5);
const minutes = rarely(3, fc.constantFrom(30, 120, 20_000));
const death: fc.Arbitrary<Death> = rarely(4, fc.record({ transactions: fc.nat(6), atItsEnd: fc.boolean() }));
const deathInOne: fc.Arbitrary<Death> = rarely(8, fc.record({ transactions: fc.constant(0), atItsEnd: fc.boolean() }));
const member: fc.Arbitrary<Member> = fc.constantFrom("title", "content", "content", "category");
const fate: fc.Arbitrary<Fate> = fc.constantFrom(
  "arrives",
  "arrives",
  "arrives",
  "is lost",
  "response is lost",
  "503",
  "tab dies before",
  "tab dies after",
);

/** One of these in so many, otherwise none. */
function rarely<T>(oneIn: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

function step<T extends unknown[]>(
  name: string,
  run: (world: World, ...values: T) => Promise<unknown>,
  ...values: { [K in keyof T]: fc.Arbitrary<T[K]> }
): fc.Arbitrary<Step> {
  return fc.tuple(...values).map((drawn) => ({
    name: `${name} ${JSON.stringify(drawn)}`,
    run: (world) => run(world, ...(drawn as unknown as T)),
  }));
}

const steps = fc.oneof(
  { weight: 3, arbitrary: step("create", (world, ...args) => world.create(...args), device, tab, minutes, deathInOne) },
  { weight: 4, arbitrary: step("look", (world, ...args) => world.look(...args), device, tab, pick) },
  {
    weight: 6,
    arbitrary: step(
      "look and edit",
      async (world, device, tab, pick, member, isValid, death) => {
        await world.look(device, tab, pick);
        await world.edit(device, tab, member, isValid > 0, death);
      },
      device,
      tab,
      pick,
      member,
      fc.nat(9),
      deathInOne,
    ),
  },
  {
    weight: 4,
    arbitrary: step(
      "edit",
      (world, device, tab, member, death) => world.edit(device, tab, member, true, death),
      device,
      tab,
      member,
      deathInOne,
    ),
  },
  {
    weight: 4,
    arbitrary: step(
      "both devices change one note",
      async (world, pick, one, other) => {
        const both = [0, 1] as const;
        for (const device of both) await world.sync([[device, 0, undefined]], []);
        for (const device of both) await world.look(device, 0, pick);
        for (const [device, change] of [one, other].entries()) {
          if (change === "delete") await world.delete(device, 0);
          else await world.edit(device, 0, change, true, undefined);
        }
      },
      pick,
      fc.oneof(member, fc.constant("delete" as const)),
      fc.oneof(member, fc.constant("delete" as const)),
    ),
  },
  {
    weight: 2,
    arbitrary: step(
      "a tab dies while it takes over what is new",
      async (world, transactions, atItsEnd) => {
        for (let count = 0; count < 3; count += 1) await world.create(1, 0, undefined, undefined);
        await world.sync([[1, 0, undefined]], []);
        await world.sync([[0, 0, { transactions, atItsEnd }]], []);
      },
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
    ),
  },
  {
    weight: 2,
    arbitrary: step(
      "edit, and once more while that is sent",
      async (world, device, tab, pick, member, fates) => {
        const edit = () => world.edit(device, tab, member, true, undefined);
        await world.look(device, tab, pick);
        await edit();
        await world.sync([[device, tab, undefined]], fates, edit);
      },
      device,
      tab,
      pick,
      member,
      fc.array(fate, { maxLength: 3 }),
    ),
  },
  { weight: 1, arbitrary: step("set expiry", (world, ...args) => world.setExpiry(...args), device, tab, minutes) },
  { weight: 2, arbitrary: step("delete", (world, ...args) => world.delete(...args), device, tab) },
  {
    weight: 8,
    arbitrary: step(
      "sync",
      (world, device, tab, death, fates) => world.sync([[device, tab, death]], fates),
      device,
      tab,
      death,
      fc.array(fate, { maxLength: 8 }),
    ),
  },
  {
    weight: 1,
    arbitrary: step(
      "sync both tabs",
      (world, device, fates) =>
        world.sync(
          [
            [device, 0, undefined],
            [device, 1, undefined],
          ],
          fates,
        ),
      device,
      fc.array(fate, { maxLength: 4 }),
    ),
  },
  {
    weight: 1,
    arbitrary: step(
      "time passes",
      async (world, minutes) => {
        world.server.skew += minutes * 60_000;
      },
      fc.constantFrom(1, 45, 8 * 1440),
    ),
  },
  { weight: 1, arbitrary: step("server begins a new epoch", async (world) => world.server.restart()) },
  { weight: 1, arbitrary: step("back up", async (world) => world.server.backUp()) },
  { weight: 1, arbitrary: step("restore", async (world) => world.restoreBackup()) },
  {
    weight: 1,
    arbitrary: step(
      "an item can't be read",
      (world, pick) => world.failToRead(pick),
      pick,
    ),
  },
);

const setting = fc.record({
  skew: fc.constantFrom(0, -3_600_000, 10 * 86_400_000),
  hasSync: fc.nat(5).map((draw) => draw > 0),
  retention: fc.constantFrom(undefined, 365 * 86_400_000),
});

/** Runs the replica against the model; throws what breaks first, in as few steps as show it. */
export async function check(library: Library, runs: number, seed: number): Promise<void> {
  const property = fc.asyncProperty(setting, fc.array(steps, { maxLength: 40, size: "max" }), async (setting, steps) => {
    const world = await new World(library).open();
    Object.assign(world.server, setting);
    try {
      for (const step of steps) await step.run(world);
      await world.settle();
    } finally {
      world.close();
    }
  });
  const result = await fc.check(property, { numRuns: runs, seed, endOnFailure: process.env["NOTES_TEST_SHRINK"] === undefined });
  if (result.failed) {
    const [setting, steps] = result.counterexample ?? [];
    const told = steps?.map((step) => step.name).join("\n");
    const cause = result.errorInstance;
    throw new Error(`seed ${seed}: ${cause}\n${JSON.stringify(setting)}\n${told}`, { cause });
  }
}

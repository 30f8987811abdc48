// Two devices of a user, with two tabs each, while requests and responses are lost, the server is killed and tabs are
// closed. In the end both show what the server has, and no text is lost.
//
//   node build/browser/devices.js PATH/OF/local_api [--steps 1000] [--seed 1]

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { createNotesClient, notesOf } from "../src/index.js";
import { launch } from "./chromium.js";
import { Device, drawn, fields, leave, listed, openNote, press, saved, showsOnly, synchronise, type } from "./device.js";
import { LocalApi } from "./local-api.js";
import { Network } from "./network.js";
import { Random } from "./random.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
});
const [program] = positionals;
assert.ok(program, "the path of local_api is missing");
const [steps, seed] = [Number(values.steps), Number(values.seed)];
console.log(`${steps} steps with the seed ${seed}`);

/** Anew for each step: what one draws does not depend on what the page did in the steps before. */
let random = new Random(seed);
const directory = await mkdtemp(join(tmpdir(), "notes-devices-"));
const api = new LocalApi(program, join(directory, "notes.db"));
const browser = await launch();
const user = "anna";

/** The texts that were on the device's disk when the page said so. */
const typed = new Set<string>();
/** The texts that their user has replaced or deleted. */
const released = new Set<string>();
/** Where each text was typed, and what was there. */
const origins = new Map<string, string>();
let texts = 0;
let step = 0;
const newText = () => `text ${(texts += 1)}.`;
const devices: Device[] = [];
const counts: Record<string, number> = {};

function release(...of: (string | undefined)[]): void {
  for (const text of of) if (text) released.add(text);
}

/** Types into a field; what was there is replaced by who has seen it. */
async function write(tab: Page, field: string): Promise<string | undefined> {
  const text = newText();
  const before = await type(tab, field, text);
  if (before === undefined) return undefined;
  release(before);
  const device = devices.findIndex(({ tabs }) => tabs.includes(tab));
  const id = await tab.evaluate(() => document.querySelector<HTMLElement>("note-list [aria-current]")?.dataset["id"]);
  origins.set(text, `step ${step}: "${text}" into ${field} of ${id} on device ${device}, in place of "${before}"`);
  return text;
}

/** Leaves the editor, by the keyboard, or waits in it until the text is saved. */
async function finish(tab: Page, ...written: (string | undefined)[]): Promise<void> {
  if (random.below(3) > 0) {
    await leave(tab);
  } else {
    await saved(tab);
  }
  for (const text of written) if (text !== undefined) typed.add(text);
}

async function anyNote(tab: Page): Promise<boolean> {
  const id = random.oneOf((await listed(tab)).slice(0, 12));
  return id !== undefined && (await openNote(tab, id));
}

const actions: [name: string, weight: number, act: (device: Device, tab: Page) => Promise<unknown>][] = [
  [
    "create",
    5,
    async (_device, tab) => {
      await tab.locator(".new").click();
      // Not those of another note that was open.
      await tab.waitForFunction(() => document.querySelector<HTMLInputElement>("#title")?.value === "New note");
      const title = await write(tab, "#title");
      await finish(tab, title, await write(tab, "#content"));
    },
  ],
  [
    "edit",
    8,
    async (_device, tab) => {
      if (!(await anyNote(tab))) return;
      await finish(tab, await write(tab, "#content"));
    },
  ],
  [
    "edit what is open",
    6,
    async (_device, tab) => {
      if (!(await fields(tab))) return;
      await finish(tab, await write(tab, random.oneOf(["#title", "#content"]) ?? ""));
    },
  ],
  [
    "set the category",
    2,
    async (_device, tab) => {
      if (!(await anyNote(tab)) || (await fields(tab))?.isInTrash) return;
      await finish(tab, await write(tab, "#category"));
    },
  ],
  ["look", 3, (_device, tab) => anyNote(tab)],
  [
    "delete",
    2,
    async (_device, tab) => {
      if (!(await anyNote(tab)) || (await fields(tab))?.isInTrash) return;
      const seen = await press(tab, "Delete");
      if (!seen) return;
      await tab.locator("#content").waitFor({ state: "detached" });
      const notice = tab.locator(".notices p", { hasText: `“${seen[0]}”` });
      if (random.below(2) > 0) await notice.getByRole("button", { name: "Undo" }).last().click();
    },
  ],
  [
    "delete for ever",
    2,
    async (_device, tab) => {
      await tab.locator("nav button").last().click();
      if (await anyNote(tab)) {
        const isDeleted = random.below(2) > 0;
        // Another tab may have restored it.
        const seen = await press(tab, isDeleted ? "Delete for ever" : "Restore");
        if (seen && isDeleted) release(...seen);
        if (seen) await tab.locator("#content").waitFor({ state: "detached" });
      }
      await tab.locator("nav button").first().click();
    },
  ],
  ["press Sync", 5, (_device, tab) => tab.locator(".sync").click()],
  ["offline", 2, (device) => device.setOnline(false)],
  ["online", 3, (device) => device.setOnline(true)],
  ["lose", 2, async (device) => (device.network.lossPercent = random.oneOf([30, 100]) ?? 0)],
  ["lose nothing", 3, async (device) => (device.network.lossPercent = 0)],
  ["kill the server", 1, () => api.kill()],
  ["start the server", 3, async () => (api.isRunning ? undefined : api.start())],
  [
    "close the tab while it saves",
    2,
    async (device, tab) => {
      if (await anyNote(tab)) {
        // Whether this text is saved, nobody was told; but what it replaces may be replaced.
        await write(tab, "#content");
        void tab.locator("#content").press("Escape").catch(() => {});
      }
      await device.closeTab(tab);
    },
  ],
  ["open a tab", 2, async (device) => (device.tabs.length < 2 ? device.openTab() : undefined)],
  [
    "reload",
    1,
    async (_device, tab) => {
      await tab.reload();
      await drawn(tab);
    },
  ],
];

function anyAction() {
  let draw = random.below(actions.reduce((sum, [, weight]) => sum + weight, 0));
  for (const action of actions) {
    draw -= action[1];
    if (draw < 0) return action;
  }
  throw new Error("no action");
}

try {
  await api.start();
  for (const own of [1, 2]) devices.push(await Device.open(browser, new Network(api, new Random(seed + own)), user));

  for (; step < steps; step += 1) {
    random = new Random(seed * 1_000_003 + step);
    const device = devices[random.below(2)];
    assert.ok(device);
    const tab = random.oneOf(device.tabs) ?? (await device.openTab());
    const [name, , act] = anyAction();
    counts[name] = (counts[name] ?? 0) + 1;
    try {
      await act(device, tab);
    } catch (error) {
      throw new Error(`step ${step}, ${name}: ${error}`, { cause: error });
    }
    assert.deepEqual(device.complaints, [], `step ${step}, ${name}`);
  }

  if (!api.isRunning) await api.start();
  for (const device of devices) {
    await device.setOnline(true);
    device.network.lossPercent = 0;
    if (device.tabs.length === 0) await device.openTab();
    for (const tab of device.tabs) await saved(tab);
  }
  // What one sends makes edits for the other, at most once.
  for (const round of [1, 2, 3]) {
    for (const device of devices) await synchronise(device.tabs[0] as Page).catch((error) => assert.fail(`${round}: ${error}`));
  }

  const client = createNotesClient({ url: api.url, token: () => user });
  const kept = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const { data } = await client.GET("/notes", { params: { query } });
    assert.ok(data);
    kept.push(...notesOf(data));
    cursor = data.nextCursor;
  }
  const expected = kept.map(({ id, title, content, category }) => ({ id, title, content, category }));
  for (const device of devices) {
    for (const tab of device.tabs) await showsOnly(tab, expected);
    assert.deepEqual(device.complaints, []);
  }
  const there = new Set(kept.flatMap(({ title, content, category }) => [title, content, ...(category?.split("/") ?? [])]));
  const lost = [...typed].filter((text) => !there.has(text) && !released.has(text));
  assert.deepEqual(
    lost.map((text) => origins.get(text)),
    [],
    "these texts are lost",
  );
  const living = [...typed].filter((text) => there.has(text)).length;
  console.log(`Both devices show the ${kept.length} notes of the server; of ${typed.size} texts, ${living} are in them.`);
  console.log(Object.entries(counts).map(([name, count]) => `${name}: ${count}`).join(", "));
} catch (error) {
  console.error(`node build/browser/devices.js PATH --steps ${steps} --seed ${seed}`);
  throw error;
} finally {
  await browser.close();
  for (const { network } of devices) network.close();
  await api.kill();
  await rm(directory, { recursive: true });
}

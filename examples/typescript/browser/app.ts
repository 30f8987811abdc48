// What a person does on the page of the notes app, by keyboard and without a network too; what axe says of it; what it
// costs.
//
//   node build/browser/app.js PATH/OF/local_api [--screenshots DIRECTORY]

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import type { Page, Request } from "playwright-core";
import { createNotesClient, notesOf } from "../src/index.js";
import { launch } from "./chromium.js";
import { Device, saved, synchronise } from "./device.js";
import { LocalApi } from "./local-api.js";
import { Network } from "./network.js";
import { Random } from "./random.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { screenshots: { type: "string" } } });
const [program] = positionals;
assert.ok(program, "the path of local_api is missing");
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function isAccessible(tab: Page, what: string): Promise<void> {
  await tab.evaluate(axe);
  const violations = await tab.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
  });
  assert.deepEqual(violations, [], what);
}

async function screenshot(tab: Page, name: string): Promise<void> {
  if (values.screenshots !== undefined) await tab.screenshot({ path: join(values.screenshots, name) });
}

/** Opens a note. */
async function open(tab: Page, id: string): Promise<void> {
  await tab.locator(`[data-id="${id}"]`).click();
  await tab.locator(`[aria-current][data-id="${id}"]`).waitFor();
}

/** Waits until the list has these notes and no others. */
async function shows(tab: Page, ...titles: string[]): Promise<void> {
  const expected = JSON.stringify(titles.sort());
  await tab.waitForFunction((expected) => {
    const shown = [...document.querySelectorAll("note-list strong")].map(({ textContent }) => textContent);
    return JSON.stringify(shown.sort()) === expected;
  }, expected);
}

const directory = await mkdtemp(join(tmpdir(), "notes-app-"));
const api = new LocalApi(program, join(directory, "notes.db"));
const network = new Network(api, new Random(1));
const browser = await launch();
try {
  await api.start();
  const client = createNotesClient({ url: api.url, token: () => "anna" });
  const onServer = async () => {
    const { data } = await client.GET("/notes", { params: { query: { limit: 100 } } });
    assert.ok(data);
    return notesOf(data);
  };

  const stranger = await browser.newPage();
  await stranger.goto(api.url);
  await stranger.locator("#name").waitFor();
  await isAccessible(stranger, "signing in");
  await stranger.close();
  const device = await Device.open(browser, network, "anna");
  const tab = device.tabs[0] as Page;
  await tab.setViewportSize({ width: 900, height: 560 });
  // A sync with nothing new: no note was written in the last half hour, of which the server tells again.
  await synchronise(tab);
  const sizes: Promise<number>[] = [];
  const count = (request: Request) => {
    const size = async () => {
      const { requestHeadersSize, requestBodySize, responseHeadersSize, responseBodySize } = await request.sizes();
      return requestHeadersSize + requestBodySize + responseHeadersSize + responseBodySize;
    };
    sizes.push(size());
  };
  tab.on("requestfinished", count);
  await synchronise(tab);
  tab.off("requestfinished", count);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  console.log(`A sync with nothing new: ${sizes.length} request, ${bytes} bytes in both directions.`);
  assert.equal(sizes.length, 1);
  assert.ok(bytes < 1024);

  // A first note, by the keyboard alone.
  await tab.locator(".new").focus();
  await tab.keyboard.press("Enter");
  await tab.locator("#title").waitFor();
  await tab.keyboard.type("Milk");
  await tab.keyboard.press("Tab");
  await tab.keyboard.type("2 litres, and half a pound of butter");
  await tab.keyboard.press("Tab");
  await tab.keyboard.type("shop");
  await tab.keyboard.press("Tab");
  const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
  await tab.fill("#expiry", day);
  await tab.keyboard.press("Escape");
  await tab.locator("#title").waitFor({ state: "detached" });
  await tab.waitForFunction(() => document.activeElement?.querySelector("strong")?.textContent === "Milk");
  await synchronise(tab);
  const [milk] = await onServer();
  assert.equal(milk?.title, "Milk");
  assert.equal(milk.content, "2 litres, and half a pound of butter");
  assert.equal(milk.category, "shop");
  const expiry = new Date(milk.expiresAt ?? 0);
  const local = await tab.evaluate((time) => new Date(time).toString(), expiry.getTime());
  assert.match(local, / 23:59:59 /, "it is kept until the end of the day");
  assert.ok(Math.abs(expiry.getTime() - Date.parse(day)) < 2 * 86_400_000);

  // Import, search, categories.
  const file = { notes: [
    { title: "Books to return", content: "Three of them, before the weekend.", category: "library" },
    { title: "Call the plumber", content: "The tap in the kitchen again.", category: "home" },
    { title: "Birthday", content: "A cake for Jo, and candles.", category: "home", expiresAt: null },
    { title: "Over", content: "This one has expired.", expiresAt: "2020-01-01T00:00:00Z" },
  ] };
  const choose = async (text: string, said: string) => {
    await tab.locator(".menu summary").click();
    await tab.locator(".menu input").setInputFiles({ name: "notes.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await tab.locator(".notices").getByText(said).waitFor();
  };
  await choose(JSON.stringify(file), "3 notes are imported");
  await choose(JSON.stringify(file), "0 notes are imported");
  await choose("[1, 2]", "can't be imported: there is no list of notes in it");
  await shows(tab, "Birthday", "Books to return", "Call the plumber", "Milk");
  await tab.fill("header input", "CAKE jo");
  await shows(tab, "Birthday");
  await tab.fill("header input", "");
  await tab.locator("nav").getByRole("button", { name: "home" }).click();
  await shows(tab, "Birthday", "Call the plumber");
  await tab.locator("nav button").first().click();

  // Export: what was imported comes out again.
  await tab.locator(".menu summary").click();
  const download = tab.waitForEvent("download");
  await tab.getByRole("button", { name: "Export" }).click();
  const exported = JSON.parse(await readFile(await (await download).path(), "utf8"));
  assert.deepEqual(exported.notes.map((note: { title: string }) => note.title).sort(), [
    "Birthday",
    "Books to return",
    "Call the plumber",
    "Milk",
  ]);
  assert.equal(exported.notes.find((note: { title: string }) => note.title === "Milk").expiresAt, milk.expiresAt);

  // Delete and undo: the category and the expiry are what they were.
  await tab.locator(`[data-id="${milk.id}"]`).click();
  await tab.locator("note-editor .danger").click();
  await tab.locator(`[data-id="${milk.id}"]`).waitFor({ state: "detached" });
  await synchronise(tab);
  const trashed = (await onServer()).find(({ id }) => id === milk.id);
  assert.equal(trashed?.category, "Trash/shop");
  assert.ok(Date.parse(trashed.expiresAt ?? "") < Date.now() + 31 * 86_400_000);
  await tab.locator(".notices button").last().click();
  await tab.locator(`[data-id="${milk.id}"]`).waitFor();
  await synchronise(tab);
  const { category, expiresAt } = (await onServer()).find(({ id }) => id === milk.id) ?? {};
  assert.deepEqual([category, expiresAt], [milk.category, milk.expiresAt]);

  // What the server refuses is said, and can be corrected.
  await tab.locator(`[data-id="${milk.id}"]`).click();
  await tab.fill("#title", "\u200b");
  await tab.getByText("Not taken by the server").waitFor();
  await tab.fill("#title", "Milk");
  await saved(tab);
  await synchronise(tab);

  // How it looks, without what it has told of before.
  await tab.reload();
  await open(tab, milk.id);
  await isAccessible(tab, "a note, light");
  await screenshot(tab, "notes-app.png");
  await tab.emulateMedia({ colorScheme: "dark" });
  await isAccessible(tab, "a note, dark");
  await tab.setViewportSize({ width: 390, height: 700 });
  await isAccessible(tab, "a note, on a phone");
  await tab.locator(".list").waitFor({ state: "hidden" });
  await tab.locator(".back").click();
  await tab.locator(".list").waitFor();
  await isAccessible(tab, "the list, on a phone");
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(overflow, 0, "nothing is wider than the phone");
  await screenshot(tab, "notes-app-phone.png");
  await tab.emulateMedia({ colorScheme: "light" });
  await tab.setViewportSize({ width: 900, height: 560 });

  // What the device can't save stays in the editor, which says so, and is saved as soon as it can be.
  // The list hears of a change after the editor, and draws it later.
  const lists = (id: string, content: string) =>
    tab.locator(`[data-id="${id}"] .excerpt`).getByText(content, { exact: true }).waitFor();
  const plumber = (await onServer()).find(({ title }) => title === "Call the plumber");
  assert.ok(plumber);
  await open(tab, milk.id);
  await tab.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("the disk is full", "QuotaExceededError");
    };
    Object.assign(globalThis, { makeRoom: () => (IDBObjectStore.prototype.put = put) });
  });
  await tab.fill("#content", "3 litres");
  await tab.getByText("Not saved on this device: the disk is full").waitFor();
  await tab.locator(`[data-id="${plumber.id}"]`).click();
  await tab.locator(".notices").getByText("This has failed: the disk is full").waitFor();
  assert.equal(await tab.inputValue("#content"), "3 litres");
  await tab.evaluate("void makeRoom()");
  await saved(tab);
  await lists(milk.id, "3 litres");

  // What is typed while the device saves is saved, too, before another note is opened.
  await tab.evaluate(async (other) => {
    const field = document.querySelector("#content") as HTMLTextAreaElement;
    const type = (text: string) => {
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    type("4 litres");
    document.querySelector<HTMLElement>(`[data-id="${other}"]`)?.click();
    // The transaction has begun, and ends in a later task.
    for (let turn = 0; turn < 10; turn += 1) await undefined;
    type("5 litres");
  }, plumber.id);
  await tab.locator(`[aria-current][data-id="${plumber.id}"]`).waitFor();
  await lists(milk.id, "5 litres");
  await synchronise(tab);

  // Without a network: the page opens, and what is written is kept and sent later.
  await device.setOnline(false);
  await tab.reload();
  await tab.locator(".new").click();
  await tab.fill("#title", "Written on the train");
  await saved(tab);
  await tab.locator(".sync").click();
  await tab.getByText("Offline, 1 change to send").waitFor();
  await tab.reload();
  await shows(tab, "Birthday", "Books to return", "Call the plumber", "Milk", "Written on the train");
  await device.setOnline(true);
  await synchronise(tab);
  assert.ok((await onServer()).some(({ title }) => title === "Written on the train"));

  // 10,000 notes, from the device alone.
  await device.setOnline(false);
  await tab.evaluate(async () => {
    const name = (await indexedDB.databases()).find(({ name }) => name?.startsWith("notes of anna"))?.name;
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(name ?? "");
      request.onsuccess = () => resolve(request.result);
    });
    const transaction = database.transaction("notes", "readwrite");
    const store = transaction.objectStore("notes");
    const at = new Date().toISOString();
    for (let count = 0; count < 10_000; count += 1) {
      const id = `01a20000-0000-7000-8000-${String(count).padStart(12, "0")}`;
      const content = "Some text of an ordinary length. ".repeat(10);
      const note = { id, title: `Note ${count}`, content, category: `c${count % 7}`, createdAt: at, updatedAt: at, etag: '"1"' };
      store.put({ id, note, generation: 1 });
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  });
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    await tab.reload();
    const time = await tab.waitForFunction(() =>
      /^10005 notes$/.test(document.querySelector(".count")?.textContent ?? "") ? performance.now() : false,
    );
    times.push(Number(await time.jsonValue()));
  }
  const median = times.sort((one, other) => one - other)[2] ?? 0;
  console.log(`10,000 notes are shown ${Math.round(median)} ms after the page was asked for (the median of 5).`);

  // Signing out asks before it leaves what the server does not have, and in each tab takes away what can be seen.
  await tab.locator(".new").click();
  await tab.fill("#title", "Only here");
  await saved(tab);
  const other = await device.openTab();
  const signOut = async () => {
    await other.locator(".menu summary").click();
    await other.getByRole("button", { name: "Sign out" }).click();
  };
  const asked = other.waitForEvent("dialog");
  const pressed = signOut();
  const question = await asked;
  assert.match(question.message(), /^1 change is only on this device/);
  await question.dismiss();
  await pressed;
  await device.setOnline(true);
  await synchronise(tab);
  await signOut();
  for (const signedOut of [tab, other]) {
    await signedOut.locator("#name").waitFor();
    assert.doesNotMatch(await signedOut.locator("body").innerText(), /Milk|Only here/);
  }
  const left = await tab.evaluate(async () => {
    const name = (await indexedDB.databases()).find(({ name }) => name?.startsWith("notes of anna"))?.name;
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(name ?? "");
      request.onsuccess = () => resolve(request.result);
    });
    const counts = [...database.objectStoreNames].map((store) => {
      const request = database.transaction(store).objectStore(store).count();
      return new Promise<number>((resolve) => (request.onsuccess = () => resolve(request.result)));
    });
    const left = await Promise.all(counts);
    database.close();
    return left;
  });
  assert.deepEqual(left, [0, 0, 0], "nothing of the user is left on the device");
  assert.ok((await onServer()).some(({ title }) => title === "Only here"));

  // A browser that keeps nothing: the page says so.
  const broken = await device.context.newPage();
  await broken.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("no storage here", "SecurityError");
    };
  });
  await broken.goto(device.url);
  await broken.fill("#name", "anna");
  await broken.getByRole("button", { name: "Sign in" }).click();
  await broken.getByRole("alert").getByText("can't be opened: no storage here").waitFor();
  assert.deepEqual(device.complaints, []);

  const assets = new URL("../../../assets/app/", import.meta.url);
  let [compressed, later] = [0, 0];
  for (const name of await readdir(assets)) {
    const { length } = gzipSync(await readFile(new URL(name, assets)), { level: 9 });
    if (name === "sign-in.js") later += length;
    else compressed += length;
  }
  console.log(`The page has ${compressed} bytes, compressed with gzip; signing in with a provider adds ${later}.`);
  assert.ok(compressed + later < 60_000);
} finally {
  await browser.close();
  network.close();
  await api.kill();
  await rm(directory, { recursive: true });
}

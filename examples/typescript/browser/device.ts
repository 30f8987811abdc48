import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Network } from "./network.js";

/** What a note shows in the list. */
export interface Shown {
  id: string;
  title: string;
  content: string;
  category: string | undefined;
}

/** What the editor shows. */
export interface Fields {
  title: string;
  content: string;
  category: string;
  isInTrash: boolean;
}

/** A device of a user: a browser of its own, with up to two tabs of the notes app. */
export class Device {
  readonly tabs: Page[] = [];
  /** What no tab should ever say. */
  readonly complaints: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly network: Network,
    readonly url: string,
  ) {}

  static async open(browser: Browser, network: Network, user: string): Promise<Device> {
    const device = new Device(await browser.newContext(), network, await network.open());
    const tab = await device.openTab();
    await tab.fill("#name", user);
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.locator("note-list").waitFor();
    // From now on the page needs no network.
    await tab.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    return device;
  }

  async openTab(): Promise<Page> {
    const tab = await this.context.newPage();
    tab.setDefaultTimeout(30_000);
    tab.on("pageerror", (error) => this.complaints.push(error.stack ?? String(error)));
    await tab.goto(this.url);
    await drawn(tab);
    this.tabs.push(tab);
    return tab;
  }

  /** Closes a tab, whatever it is doing. */
  async closeTab(tab: Page): Promise<void> {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    await tab.close();
  }

  async setOnline(isOnline: boolean): Promise<void> {
    this.network.isThere = isOnline;
    await this.context.setOffline(!isOnline);
  }
}

/** Waits until the page shows its notes, or asks who the user is. */
export async function drawn(tab: Page): Promise<void> {
  await tab.locator("note-list, .sign-in").first().waitFor();
}

/** The ids of the notes in the list. */
export function listed(tab: Page): Promise<string[]> {
  return tab.locator("note-list [data-id]").evaluateAll((buttons) => buttons.map((button) => button.dataset["id"] ?? ""));
}

/** Opens a note, unless it has gone meanwhile: returns whether it was open. */
export async function openNote(tab: Page, id: string): Promise<boolean> {
  const outcome = await tab.evaluateHandle((id) => {
    const outcome: { isOpen?: boolean } = {};
    const button = () => document.querySelector<HTMLElement>(`note-list [data-id="${id}"]`);
    const look = () => {
      // What happens to it after that belongs to the next step.
      if (!button()) outcome.isOpen ??= false;
      else if (button()?.getAttribute("aria-current") === "true") outcome.isOpen ??= true;
      if (outcome.isOpen !== undefined) observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-current", "data-id"] });
    button()?.click();
    look();
    return outcome;
  }, id);
  await tab.waitForFunction(({ isOpen }) => isOpen !== undefined, outcome);
  return (await outcome.evaluate(({ isOpen }) => isOpen)) === true;
}

/** Leaves the editor by the keyboard, if a note is still open. */
export async function leave(tab: Page): Promise<void> {
  // Not `press` of a locator, which waits for the field: another tab may have deleted the note.
  await tab.evaluate(() => document.querySelector<HTMLElement>("#content")?.focus());
  await tab.keyboard.press("Escape");
  await tab.locator("#content").waitFor({ state: "detached" });
}

/** What the user sees in the editor, if a note is open. */
export function fields(tab: Page): Promise<Fields | undefined> {
  return tab.evaluate(() => {
    const value = (id: string) => document.querySelector<HTMLInputElement>(id)?.value ?? "";
    if (!document.querySelector("#title")) return undefined;
    const isInTrash = document.querySelector("#category") === null;
    return { title: value("#title"), content: value("#content"), category: value("#category"), isInTrash };
  });
}

/** Presses a button of the editor, if it is there. Returns the texts of the note as the page shows it at that moment. */
export function press(tab: Page, name: string): Promise<string[] | undefined> {
  return tab.evaluate((name) => {
    const buttons = [...document.querySelectorAll<HTMLElement>("note-editor button")];
    const button = buttons.find((button) => button.textContent === name);
    if (!button) return undefined;
    const fields = [...document.querySelectorAll<HTMLInputElement>("#title, #content")].map(({ value }) => value);
    const category = document.querySelector("note-list [aria-current] em")?.textContent ?? "";
    button.click();
    return [...fields, ...category.split("/")];
  }, name);
}

/** Types a text into a field in place of what is there, and returns what was there at that moment. */
export function type(tab: Page, field: string, text: string): Promise<string | undefined> {
  return tab.evaluate(
    ([field, text]) => {
      const input = document.querySelector<HTMLInputElement>(field);
      if (!input) return undefined;
      const before = input.value;
      input.value = text;
      input.dispatchEvent(new InputEvent("input", { bubbles: true }));
      if (field === "#category") input.dispatchEvent(new Event("change", { bubbles: true }));
      return before;
    },
    [field, text] as const,
  );
}

/** Waits until the device has all that was typed. */
export async function saved(tab: Page): Promise<void> {
  await tab.waitForFunction(() => {
    const state = document.querySelector(".saved");
    return state === null || state.textContent === "Saved on this device";
  });
}

/** Synchronises until the server has everything. */
export async function synchronise(tab: Page): Promise<void> {
  await tab.evaluate(async () => {
    const { replica } = document.querySelector("sync-state") as unknown as {
      replica: { sync(): Promise<{ state: string; pending: number; refused: number; detail?: string }> };
    };
    const status = await replica.sync();
    if (status.state !== "synced" || status.pending + status.refused > 0) throw new Error(JSON.stringify(status));
  });
}

/** Waits until the page shows these notes and no others, in the list and in the trash, and all as known to the server. */
export async function showsOnly(tab: Page, notes: Shown[]): Promise<void> {
  const isInTrash = ({ category }: Shown) => category?.split("/")[0] === "Trash";
  for (const name of ["All notes", "Trash"]) {
    await tab.locator("nav").getByRole("button", { name, exact: true }).click();
    const expected = byId(notes.filter((note) => isInTrash(note) === (name === "Trash")));
    // It is told to other tabs by events, after the one that has synchronised knows.
    const isThere = async () => isDeepStrictEqual(await shown(tab), { notes: expected, unsent: 0 });
    for (const end = Date.now() + 30_000; !(await isThere()) && Date.now() < end; ) await nextFrame(tab);
    assert.deepEqual(await shown(tab), { notes: expected, unsent: 0 }, name);
  }
}

function nextFrame(tab: Page): Promise<unknown> {
  return tab.evaluate(() => new Promise(requestAnimationFrame));
}

/** What the list shows, all of it. */
async function shown(tab: Page): Promise<{ notes: Shown[]; unsent: number }> {
  const { notes, unsent } = await tab.evaluate(async () => {
    for (let more; (more = document.querySelector<HTMLElement>(".more")); ) {
      more.click();
      await new Promise(requestAnimationFrame);
    }
    const buttons = [...document.querySelectorAll<HTMLElement>("note-list [data-id]")];
    const notes = buttons.map((button) => ({
      id: button.dataset["id"] ?? "",
      title: button.querySelector("strong")?.textContent ?? "",
      content: button.querySelector(".excerpt")?.textContent ?? "",
      category: button.querySelector("em")?.textContent ?? undefined,
    }));
    return { notes, unsent: document.querySelectorAll("note-list .pending, note-list .refused").length };
  });
  return { notes: byId(notes), unsent };
}

function byId<T extends { id: string }>(notes: T[]): T[] {
  return [...notes].sort((one, other) => (one.id < other.id ? -1 : 1));
}

// What a person does on the local API's page, in a browser: signs in, creates a note, finds it in
// the list.
//
//   node build/page.js http://127.0.0.1:3000

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { launch } from "./browser/chromium.js";

const url = process.argv[2];
assert.ok(url, "the URL of the API is missing");

const browser = await launch();
try {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(request.url()));
  page.on("console", (message) => {
    // A response that is no success is one, too.
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith("data:")) complaints.push(asked);
  });

  const opened = await page.goto(`${url}/docs`);
  assert.equal(opened?.status(), 200);
  const operation = (id: string): Locator => page.locator(`#operations-notes-${id}`);
  await operation("createNote").waitFor();

  const send = async (id: string, prepare: (operation: Locator) => Promise<void>) => {
    const block = operation(id);
    if (!(await block.locator(".execute").isVisible())) await block.locator(".opblock-summary-control").click();
    await prepare(block);
    const responded = page.waitForResponse((response) => response.url().startsWith(`${url}/notes`));
    await block.locator(".execute").click();
    await responded;
    const shown = block.locator(".live-responses-table .response").first();
    const status = await shown.locator(".response-col_status").innerText();
    const body = await shown.locator(".microlight, .highlight-code").first().innerText();
    return { status: Number.parseInt(status, 10), body };
  };
  const nothing = async () => {};

  // Nobody is signed in.
  assert.equal((await send("listNotes", nothing)).status, 401);
  assert.equal(complaints.length, 1, complaints.join("\n"));
  complaints.length = 0;

  await page.locator(".auth-wrapper .authorize").first().click();
  await page.locator(".auth-container input").fill(`page-${Date.now()}`);
  await page.locator(".auth-container button.authorize").click();
  await page.locator(".auth-container .btn-done").click();

  const title = `Milk ${Date.now()}`;
  const created = await send("createNote", async (block) => {
    const note = JSON.stringify({ title, content: "2 litres" });
    await block.locator("textarea.body-param__text").fill(note);
  });
  assert.equal(created.status, 201, created.body);
  // As it is proposed, too.
  const proposed = await send("createNote", async (block) => {
    await block.locator(".try-out__btn.reset").click();
  });
  assert.equal(proposed.status, 201, proposed.body);

  const listed = await send("listNotes", nothing);
  assert.equal(listed.status, 200);
  assert.ok(listed.body.includes(title), listed.body);
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}

console.log("A note was created and found on the page.");

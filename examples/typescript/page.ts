// What a person does on the local API's page, in a browser: signs in, creates a note, finds it in
// the list.
//
//   node build/page.js http://127.0.0.1:3000

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import type { Locator } from "playwright-core";

const url = process.argv[2];
assert.ok(url, "the URL of the API is missing");

const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // The page has to do with what this server has.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
try {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(request.url()));
  page.on("console", (message) => {
    // An answer that is no success is one, too.
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
    const it = operation(id);
    if (!(await it.locator(".execute").isVisible())) await it.locator(".opblock-summary-control").click();
    await prepare(it);
    const answered = page.waitForResponse((it) => it.url().startsWith(`${url}/notes`));
    await it.locator(".execute").click();
    await answered;
    const answer = it.locator(".live-responses-table .response").first();
    const status = await answer.locator(".response-col_status").innerText();
    const body = await answer.locator(".microlight, .highlight-code").first().innerText();
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
  const created = await send("createNote", async (it) => {
    const note = JSON.stringify({ title, content: "2 litres" });
    await it.locator("textarea.body-param__text").fill(note);
  });
  assert.equal(created.status, 201, created.body);
  // As it is proposed, too.
  const proposed = await send("createNote", async (it) => {
    await it.locator(".try-out__btn.reset").click();
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

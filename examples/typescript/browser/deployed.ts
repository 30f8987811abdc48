// The notes app with a stack that is deployed on the emulator, in a browser: a user signs in on the pages of the
// emulated Cognito, writes a note, and signs out. Run by deploy/stack_test.py, which makes the user, and looks
// afterwards what the API has.
//
//   node build/browser/deployed.js JSON

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sendAsset } from "./assets.js";
import { launch } from "./chromium.js";
import { saved, synchronise } from "./device.js";

const { emulator, socket, email, password, ...settings } = JSON.parse(process.argv[2] ?? "") as {
  emulator: string;
  /** The file descriptor of a socket that listens for the page: its address is known to Cognito already. */
  socket: number;
  api: string;
  issuer: string;
  clientId: string;
  email: string;
  password: string;
};
const failures: unknown[] = [];
const server = createServer((incoming, outgoing) => {
  sendAsset(new URL(incoming.url ?? "", "http://127.0.0.1").pathname, settings, outgoing).catch((error) => {
    failures.push(error);
    outgoing.destroy();
  });
});
server.listen({ fd: socket });
await once(server, "listening");
const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await launch();
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  /** The requests to the token endpoint, by their kind, and what was sent to the API as a bearer token. */
  const grants: (string | null)[] = [];
  const bearers = new Set<string | undefined>();
  // The issuer's name leads to AWS; the document there leads on to the emulator.
  await context.route(`${settings.issuer}/**`, async (route) => {
    const response = await route.fetch({ url: emulator + new URL(route.request().url()).pathname });
    await route.fulfill({ response });
  });
  context.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname === "/oauth2/token") grants.push(new URLSearchParams(request.postData() ?? "").get("grant_type"));
    if (request.url().startsWith(`${settings.api}/notes`) && request.method() !== "OPTIONS") {
      bearers.add(request.headers()["authorization"]);
    }
  });
  const tab = await context.newPage();
  tab.on("pageerror", (error) => failures.push(error));
  const isSignedIn = () => tab.locator(".menu summary").getByText(email).waitFor();
  const shows = (title: string) => tab.locator("note-list strong").getByText(title, { exact: true }).waitFor();

  await tab.goto(page);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.fill("[name=username]", email);
  await tab.fill("[name=password]", password);
  const asked = new URL(tab.url());
  assert.equal(asked.pathname, "/oauth2/authorize");
  assert.equal(asked.searchParams.get("code_challenge_method"), "S256");
  await tab.locator("[type=submit]").click();
  await isSignedIn();
  assert.equal(tab.url(), page, "the code is not in the address any more");
  await synchronise(tab);

  await tab.locator(".new").click();
  await tab.fill("#title", "Written on the page");
  await saved(tab);
  await synchronise(tab);
  assert.deepEqual(grants, ["authorization_code"]);
  assert.equal(bearers.size, 1);
  assert.match([...bearers][0] ?? "", /^Bearer ey/);

  // No token outlives the tab but the one that renews: the page gets another access token by it, and shows the note.
  await tab.reload();
  await isSignedIn();
  await shows("Written on the page");
  await synchronise(tab);
  assert.deepEqual(grants, ["authorization_code", "refresh_token"]);
  assert.equal(bearers.size, 2);

  await tab.locator(".menu summary").click();
  await tab.getByRole("button", { name: "Sign out" }).click();
  await tab.getByRole("button", { name: "Sign in" }).waitFor();
  assert.doesNotMatch(await tab.locator("body").innerText(), /Written on the page/);
  assert.equal(await tab.evaluate(() => localStorage.length), 0, "no token is left");

  // Again: what the page had not kept on this device comes from the API.
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.fill("[name=username]", email);
  await tab.fill("[name=password]", password);
  await tab.locator("[type=submit]").click();
  await isSignedIn();
  await shows("Written on the page");
  assert.deepEqual(failures, []);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}

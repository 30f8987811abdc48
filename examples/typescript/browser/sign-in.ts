// Signing in with the pages of an OpenID provider, in a browser: the authorization code flow with PKCE (RFC 7636). The
// provider here makes the checks that RFC 6749 and RFC 7636 require of one; it is not Cognito, with which deployed.ts
// signs in.
//
//   node build/browser/sign-in.js

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sendAsset } from "./assets.js";
import { launch } from "./chromium.js";

const CLIENT = "page";

let url = "";
let challenge = "";
let code: string | undefined;
/** Whether the provider gives back another state than the page has sent, as who forges a response does. */
let isForged = false;
const asked: URLSearchParams[] = [];
const grants: string[] = [];
/** What the API was sent as the bearer token. */
const tokens: (string | undefined)[] = [];

function json(outgoing: ServerResponse, body: unknown, status = 200): void {
  outgoing.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function idToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: `${url}/pool`, sub: "anna-1", aud: CLIENT, iat: now, exp: now + 3600, email: "anna@example.com" };
  // The page has it from the provider itself, over TLS: it need not check the signature (OpenID Connect Core 3.1.3.7).
  return [{ alg: "RS256" }, claims, "-"].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

async function grant(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  const form = new URLSearchParams(text);
  grants.push(form.get("grant_type") ?? "");
  assert.equal(form.get("client_id"), CLIENT);
  if (form.get("grant_type") === "refresh_token") {
    assert.equal(form.get("refresh_token"), "refresh");
    return json(outgoing, { access_token: "renewed", token_type: "Bearer", expires_in: 3600 });
  }
  const hash = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
  const isGood = form.get("code") === code && hash === challenge && form.get("redirect_uri") === `${url}/`;
  // It works once.
  code = undefined;
  if (!isGood) return json(outgoing, { error: "invalid_grant" }, 400);
  const kept = { id_token: idToken(), refresh_token: "refresh" };
  // It is over at once: the page has to renew it.
  json(outgoing, { access_token: "first", token_type: "Bearer", expires_in: 60, ...kept });
}

async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(incoming.url ?? "", url);
  if (pathname === "/pool/.well-known/openid-configuration") {
    const [authorization_endpoint, token_endpoint] = [`${url}/authorize`, `${url}/token`];
    return json(outgoing, { issuer: `${url}/pool`, authorization_endpoint, token_endpoint });
  }
  if (pathname === "/authorize") {
    asked.push(searchParams);
    challenge = searchParams.get("code_challenge") ?? "";
    code = `code-${asked.length}`;
    const state = isForged ? "forged" : (searchParams.get("state") ?? "");
    const back = new URLSearchParams({ code, state });
    outgoing.writeHead(302, { Location: `${searchParams.get("redirect_uri")}?${back}` }).end();
    return;
  }
  if (pathname === "/token") return grant(incoming, outgoing);
  if (pathname.startsWith("/notes")) {
    tokens.push(incoming.headers.authorization);
    if (incoming.headers.authorization !== "Bearer renewed") return json(outgoing, {}, 401);
    return json(outgoing, { items: [], asOf: new Date().toISOString(), token: "token", more: false });
  }
  await sendAsset(pathname, { issuer: `${url}/pool`, clientId: CLIENT }, outgoing);
}

const failures: unknown[] = [];
const server = createServer((incoming, outgoing) => {
  respond(incoming, outgoing).catch((error) => {
    failures.push(error);
    outgoing.destroy();
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await launch();
try {
  // A response that the page has not asked for: it must not take the code to the provider.
  isForged = true;
  const forged = await (await browser.newContext()).newPage();
  await forged.goto(url);
  await forged.getByRole("button", { name: "Sign in" }).click();
  await forged.getByRole("alert").getByText("Signing in failed").waitFor();
  assert.deepEqual(grants, []);
  isForged = false;

  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(url);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.locator(".menu summary").getByText("anna@example.com").waitFor();
  const request = asked.at(-1);
  assert.deepEqual(
    ["client_id", "redirect_uri", "response_type", "scope", "code_challenge_method"].map((name) => request?.get(name)),
    [CLIENT, `${url}/`, "code", "openid email", "S256"],
  );
  assert.equal(tab.url(), `${url}/`, "the code is not in the address any more");

  // The access token is over: it is renewed before the API is asked.
  await tab.getByText(/^Synchronised/).waitFor();
  assert.deepEqual(grants, ["authorization_code", "refresh_token"]);
  assert.deepEqual([...new Set(tokens)], ["Bearer renewed"]);

  // A reload needs no code.
  await tab.reload();
  await tab.locator(".menu summary").getByText("anna@example.com").waitFor();
  assert.equal(grants.filter((name) => name === "authorization_code").length, 1);

  // Another user signs in, in another tab: this one shows that user's notes, not Anna's.
  const other = await context.newPage();
  await other.goto(url);
  await other.evaluate(() => {
    localStorage.setItem("notes session", JSON.stringify({ subject: "bert-1", name: "bert@example.com" }));
  });
  await tab.locator(".menu summary").getByText("bert@example.com").waitFor();
  assert.deepEqual(failures, []);
  console.log(`Signed in with ${grants.length} requests to the token endpoint; a forged response was refused.`);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import test from "node:test";
import { Replica, createNotesClient } from "../src/index.js";
import { Server } from "./server.js";

/** A tab of a device, whose requests go to `send`. */
function open(name: string, send: (request: Request) => Promise<Response>): Promise<Replica> {
  const client = createNotesClient({ url: "http://server", token: () => "user", fetch: send });
  return Replica.open({ client, name });
}

function event(): [Promise<void>, () => void] {
  let happen = () => {};
  return [new Promise((resolve) => (happen = resolve)), () => happen()];
}

test("a_copy_is_erased_only_when_the_server_has_all_of_it", async () => {
  const server = new Server(() => {});
  const tab = await open("erased", (request) => server.handle(request));
  await tab.create({ title: "Milk", content: "2 litres" });
  assert.equal(await tab.erase(), false);
  assert.equal((await tab.notes()).length, 1);
  await tab.sync();
  assert.equal(await tab.erase(), true);

  const next = await open("erased", async () => Response.error());
  assert.deepEqual(await next.notes(), []);
  next.close();
});

test("a_pass_of_another_tab_does_not_bring_an_erased_copy_back", async () => {
  const server = new Server(() => {});
  const tab = await open("two tabs", (request) => server.handle(request));
  await tab.create({ title: "Milk", content: "2 litres" });
  await tab.sync();

  const [asked, tellAsked] = event();
  const [allowed, allow] = event();
  const other = await open("two tabs", async (request) => {
    tellAsked();
    await allowed;
    return server.handle(request);
  });
  const pass = other.sync();
  await asked;
  const erased = tab.erase();
  allow();
  await pass;
  assert.equal(await erased, true);
  assert.deepEqual(await other.notes(), []);
  // It begins anew: what it has after that is all.
  await other.sync();
  assert.equal((await other.notes()).length, 1);
  other.close();
});

for (const status of [404, 409, 412, 422]) {
  for (const kind of ["creation", "change", "deletion"]) {
    test(`a_${status}_that_is_not_of_the_api_costs_no_note_and_no_edit: ${kind}`, async () => {
      const server = new Server(() => {});
      let isIntercepted = false;
      const tab = await open(`gateway ${status} ${kind}`, async (request) => {
        const isWrite = request.method !== "GET";
        return isWrite && isIntercepted ? new Response("<html></html>", { status }) : server.handle(request);
      });
      if (kind === "creation") isIntercepted = true;
      const milk = await tab.create({ title: "Milk", content: "2 litres" });
      await tab.sync();
      isIntercepted = true;
      if (kind === "change") await tab.change(milk, { content: "3 litres" });
      if (kind === "deletion") assert.equal(await tab.delete(milk), true);
      assert.equal((await tab.sync()).refused, 1);
      const content = kind === "change" ? "3 litres" : "2 litres";
      if (kind !== "deletion") assert.deepEqual((await tab.notes()).map((note) => note.content), [content]);

      isIntercepted = false;
      await tab.retry();
      assert.equal((await tab.sync()).refused, 0);
      assert.deepEqual(server.live().map((note) => note.content), kind === "deletion" ? [] : [content]);
      tab.close();
    });
  }
}

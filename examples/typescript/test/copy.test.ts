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
  test(`a_${status}_that_is_not_of_the_api_costs_no_note`, async () => {
    const server = new Server(() => {});
    let isIntercepted = false;
    const tab = await open(`gateway ${status}`, async (request) => {
      const isChange = request.method !== "GET";
      return isChange && isIntercepted ? new Response("<html></html>", { status }) : server.handle(request);
    });
    isIntercepted = true;
    await tab.create({ title: "Milk", content: "2 litres" });
    assert.equal((await tab.sync()).refused, 1);
    const [note] = await tab.notes();
    assert.equal(note?.title, "Milk");

    isIntercepted = false;
    await tab.retry();
    assert.equal((await tab.sync()).refused, 0);
    assert.deepEqual(server.live().map(({ id }) => id), [note.id]);
    tab.close();
  });
}

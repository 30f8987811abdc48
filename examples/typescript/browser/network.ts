import { once } from "node:events";
import { type Server, createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import type { LocalApi } from "./local-api.js";
import type { Random } from "./random.js";

/** The way between a device and the server. It loses requests, and responses after the server has acted. */
export class Network {
  isThere = true;
  /** How many of a hundred requests to the API are lost: half before the server sees them, half after it has acted. */
  lossPercent = 0;
  #server: Server;

  constructor(api: LocalApi, random: Random) {
    this.#server = createServer((incoming, outgoing) => {
      const isOfApi = incoming.url?.startsWith("/notes") === true;
      const fate = isOfApi ? random.below(100) : 100;
      const isRequestLost = fate < this.lossPercent / 2;
      const isResponseLost = !isRequestLost && fate < this.lossPercent;
      const lose = () => void outgoing.destroy();
      if (!this.isThere || isRequestLost || !api.isRunning) return lose();
      const { hostname, port, host } = new URL(api.url);
      // The server only responds to its own name.
      const headers = { ...incoming.headers, host };
      const { method, url: path } = incoming;
      const forwarded = send({ hostname, port, method, path, headers, agent: false }, (response) => {
        if (isResponseLost || !this.isThere) return lose();
        outgoing.writeHead(response.statusCode ?? 500, response.headers);
        response.on("error", lose).pipe(outgoing);
      });
      forwarded.on("error", lose);
      incoming.on("error", lose).pipe(forwarded);
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

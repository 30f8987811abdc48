// The notes app as built, served as a page of its own: with the settings that lead it to an API and a provider.

import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";

const assets = new URL("../../../assets/app/", import.meta.url);
const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html" };

/** What `#settings` of the page says. */
export interface Settings {
  api?: string;
  issuer: string;
  clientId: string;
}

/** Sends the file of the page that has this path. */
export async function sendAsset(pathname: string, settings: Settings, outgoing: ServerResponse): Promise<void> {
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const text = await readFile(new URL(name, assets), "utf8").catch(() => undefined);
  if (text === undefined) return void outgoing.writeHead(404).end();
  outgoing.setHeader("Content-Type", TYPES[name.split(".").at(-1) ?? ""] ?? "application/json");
  outgoing.end(name === "index.html" ? text.replace(/(id="settings">)\{\}/, `$1${JSON.stringify(settings)}`) : text);
}

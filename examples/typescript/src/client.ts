import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "../generated/openapi.js";

/** A note as the server shows it. */
export type Note = components["schemas"]["Note"];
/** A note to create. */
export type NewNote = components["schemas"]["NewNote"];
/** What has changed since a token. */
export type Changes = components["schemas"]["Changes"];
/** The operations of the API, with the types of its description. */
export type NotesClient = Client<paths>;

/** The whole notes of a page: all of it, unless `view=summary` was asked for. */
export function notesOf(page: components["schemas"]["Page"]): Note[] {
  return page.items.filter((item): item is Note => "content" in item);
}

export interface ClientOptions {
  /** Where the API is, without a slash at the end, such as `https://notes.example/api`. */
  url: string;
  /** The bearer token, asked for with each request. Without one, the request is sent without `Authorization`. */
  token: () => string | undefined | Promise<string | undefined>;
  /** Milliseconds after which a request is given up. By default 30,000, as long as API Gateway waits. */
  timeout?: number;
  /** What sends the requests, by default `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of the API. */
export function createNotesClient(options: ClientOptions): NotesClient {
  const send = options.fetch ?? ((request) => fetch(request));
  const client = createClient<paths>({
    baseUrl: options.url,
    fetch: (request) => {
      const signal = AbortSignal.timeout(options.timeout ?? 30_000);
      return send(new Request(request, { signal }));
    },
  });
  client.use({
    async onRequest({ request }) {
      const token = await options.token();
      if (token !== undefined) request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  });
  return client;
}

/** The name at the end of a problem's `type`, such as `precondition-failed`; deployments may have other bases. */
export function problemName(body: unknown): string | undefined {
  const type = (body as { type?: unknown } | undefined)?.type;
  return typeof type === "string" ? type.split(/[#/]/).at(-1) : undefined;
}

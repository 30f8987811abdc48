// The page without a network: all of its files, of one version.
const version = "7b3b5a8394c8ad1a";
const shell = ["icon.svg","index.css","./","index.js","manifest.webmanifest","sign-in.js"];

addEventListener("install", (event) => {
  const requests = shell.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(requests)));
});

addEventListener("activate", (event) => {
  const remove = async () => {
    for (const name of await caches.keys()) if (name !== version) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(remove());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  const isShell = shell.some((file) => new URL(file, registration.scope).href === url.href);
  if (request.method !== "GET" || !isShell) return;
  event.respondWith(caches.match(url.href, { cacheName: version }).then((response) => response ?? fetch(request)));
});

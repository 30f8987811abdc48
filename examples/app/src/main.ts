import "./notes-app.js";

// Browsers have service workers only on https and loopback.
void navigator.serviceWorker?.register("sw.js");
// Otherwise the browser may throw the notes away when it needs the space.
void navigator.storage?.persist?.();

import type { Replica } from "./replica.js";

/** How long edits are collected before they are sent, in milliseconds. */
const COLLECT = 500;

/**
 * Synchronises after each edit, when the user returns to the page or the network to the device, and on a timer while the
 * page is visible. After a failure it waits: twice as long each time, up to `every` milliseconds, or as long as the
 * server asks. Returns what ends it.
 */
export function keepInSync(replica: Replica, every = 60_000): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let isRunning = false;
  let hasEnded = false;

  const after = (milliseconds: number) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  const run = async () => {
    clearTimeout(timer);
    if (isRunning) return;
    isRunning = true;
    const status = await replica.sync().catch(() => replica.status);
    isRunning = false;
    if (hasEnded) return;
    failures = status.state === "synced" ? 0 : failures + 1;
    // Not all devices at the same moment, after the server was away.
    const wait = Math.min(every, 2 ** failures * 1000) * (0.5 + Math.random() / 2);
    if (failures > 0) after(Math.max(wait, status.retryAfter ?? 0));
    else if (status.pending > 0) after(COLLECT);
    else if (!isHidden()) after(every);
  };
  const wake = () => {
    if (!isHidden()) void run();
  };

  const unsubscribe = replica.subscribe(({ ids }) => {
    if (ids.length > 0 && replica.status.pending > 0 && !isRunning && failures === 0) after(COLLECT);
  });
  globalThis.addEventListener?.("online", wake);
  globalThis.document?.addEventListener("visibilitychange", wake);
  void run();
  return () => {
    hasEnded = true;
    clearTimeout(timer);
    unsubscribe();
    globalThis.removeEventListener?.("online", wake);
    globalThis.document?.removeEventListener("visibilitychange", wake);
  };
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}

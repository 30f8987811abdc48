import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** The program local_api, which keeps its notes in a file. */
export class LocalApi {
  #process: ChildProcess | undefined;
  url = "";

  constructor(
    readonly program: string,
    readonly data: string,
  ) {}

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  async start(): Promise<void> {
    const started = spawn(this.program, ["--port", "0", "--data", this.data], { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = started;
    for await (const line of createInterface({ input: started.stdout })) {
      this.url = /^The notes API listens on (\S+)/.exec(line)?.[1] ?? this.url;
      // The last line of the greeting.
      if (!line.startsWith("Ctrl-C")) continue;
      // What it says later is not read, and must not fill the pipe.
      started.stdout.resume();
      return;
    }
    throw new Error("local_api has ended");
  }

  /** Ends it as a power failure would: without a chance to write anything. */
  async kill(): Promise<void> {
    const ended = this.#process;
    this.#process = undefined;
    if (!ended) return;
    const exit = once(ended, "exit");
    ended.kill("SIGKILL");
    await exit;
  }
}

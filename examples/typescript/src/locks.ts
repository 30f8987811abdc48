type Task = () => Promise<unknown>;

const last = new Map<string, Promise<unknown>>();

/** Locks of this process, in place of the browser's Web Locks where there are none. */
export const locksOfProcess = {
  request(name: string, task: Task): Promise<unknown> {
    const before = last.get(name) ?? Promise.resolve();
    const result = before.then(task, task);
    last.set(name, result);
    return result;
  },
} as Pick<LockManager, "request">;

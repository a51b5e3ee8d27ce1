// Tells whether an attempt has left something in its process that the next attempt could notice or suffer from.
//
// Values in modules are not among it: a task that reuses its process is not cached, and may keep what it likes.

import { createHook } from "node:async_hooks";

/** Timers and handles, which Node does not list when they are unreferenced. */
const LASTING = /^(?:Timeout|MESSAGEPORT|WORKER|STATWATCHER|.*(?:WRAP|EVENT))$/;

/** Watches a process over all of its attempts. */
export class LeftOver {
  readonly #live = new Set<number>();
  readonly #before: string;
  /** Kinds of resources that belong to the process itself, as Node lists them. */
  #own: string[] = [];

  /** Create it before code of a task runs. */
  constructor() {
    createHook({
      init: (id, type) => {
        if (LASTING.test(type)) this.#live.add(id);
      },
      destroy: (id) => void this.#live.delete(id),
    }).enable();
    this.#before = state();
  }

  /** Calls `open`; what it opens belongs to the process itself, and stays. */
  exempt(open: () => void): void {
    const live = new Set(this.#live);
    const before = process.getActiveResourcesInfo();
    open();
    for (const id of this.#live) if (!live.has(id)) this.#live.delete(id);
    for (const kind of process.getActiveResourcesInfo()) {
      const at = before.indexOf(kind);
      if (at < 0) this.#own.push(kind);
      else before.splice(at, 1);
    }
    this.#own.sort();
  }

  /** True if nothing can run any more that an attempt has started, and the process is as it was. */
  isNone(): boolean {
    const active = process.getActiveResourcesInfo().sort().join();
    return this.#live.size === 0 && active === this.#own.join() && state() === this.#before;
  }
}

/** The environment, the folder and the listeners of the process. */
function state(): string {
  const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
  return JSON.stringify([process.env, process.cwd(), listeners]);
}

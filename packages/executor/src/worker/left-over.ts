// Tells whether an attempt has left something in its process that the next attempt could notice or suffer from.
//
// Values in modules are not among it. A task that is not cached may keep what it likes; the code of a cached one was
// shown to leave nothing there when its Dag file was read.

import { createHook } from "node:async_hooks";
import { BuiltinObjects } from "./builtin-objects.ts";

/** Timers and handles, which Node does not list when they are unreferenced. */
const LASTING = /^(?:Timeout|MESSAGEPORT|WORKER|STATWATCHER|.*(?:WRAP|EVENT))$/;

/** Watches a process over all of its attempts. */
export class LeftOver {
  readonly #live = new Set<number>();
  /** The process's own object: a cached attempt sees another one in its place. */
  readonly #env = process.env;
  readonly #before = this.#state();
  /** Kinds of resources that belong to the process itself, as Node lists them. */
  #own: string[] = [];
  /** As they were before the task's code was loaded, and after it. Absent: nothing is compared. */
  #unloaded: BuiltinObjects | undefined;
  #builtins: BuiltinObjects | undefined;
  #loaded: ReadonlyMap<string, string> = this.#before;

  /** Create it before code of a task runs. */
  constructor() {
    createHook({
      init: (id, type) => {
        if (LASTING.test(type)) this.#live.add(id);
      },
      destroy: (id) => void this.#live.delete(id),
    }).enable();
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

  /** Compares the language's own objects from here on. Call it before the code of a cached task is loaded. */
  compareBuiltins(): void {
    this.#unloaded = new BuiltinObjects();
  }

  /** Changes by loading are no changes by an attempt, but its process gets no other one. */
  noteLoaded(): void {
    this.#loaded = this.#state();
    if (this.#unloaded?.findChange() != null) this.#builtins = new BuiltinObjects();
    else this.#builtins = this.#unloaded;
  }

  /** Returns what an attempt has changed in the process, such as `the environment`; `null` for nothing. */
  findChange(): string | null {
    const state = this.#state();
    for (const [name, value] of this.#loaded) if (state.get(name) !== value) return name;
    return this.#builtins?.findChange() ?? null;
  }

  /** True if nothing can run any more that an attempt has started, and the process is as it was. */
  isNone(): boolean {
    const active = process.getActiveResourcesInfo().sort().join();
    if (this.#live.size > 0 || active !== this.#own.join()) return false;
    const state = this.#state();
    for (const [name, value] of this.#before) if (state.get(name) !== value) return false;
    return this.#unloaded?.findChange() == null;
  }

  #state(): ReadonlyMap<string, string> {
    const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
    return new Map([
      ["the environment", JSON.stringify(this.#env)],
      ["the working directory", process.cwd()],
      ["the listeners of the process", JSON.stringify(listeners)],
      ["the exit code", String(process.exitCode)],
      ["the umask", String(process.umask())],
    ]);
  }
}

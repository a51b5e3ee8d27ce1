// The undeclared inputs that a cached attempt was seen to use.

import type { Reason } from "@memodag/core";

/** Maximum number of inputs to name per kind; the rest is counted. */
const NAMED = 10;

/** Collects inputs by name, such as `env.REGION`, `file:data/rows.csv` or `child_process`. */
export class NoticedInputs {
  readonly #plain = new Set<string>();
  readonly #variables = new Set<string>();
  readonly #files = new Set<string>();
  #changed: string | null = null;

  /** Adds an input without a path or name of its own, such as `worker_threads`. */
  add(name: string): void {
    this.#plain.add(name);
  }

  /** Adds an environment variable; `undefined`: all of them were listed. */
  addVariable(name: string | undefined, packageName: string | null): void {
    if (name === undefined) this.#plain.add("env");
    else this.#variables.add(`env.${name}${by(packageName)}`);
  }

  /** Adds a file or folder, which may not exist. */
  addFile(path: string, packageName: string | null): void {
    this.#files.add(`file:${path}${by(packageName)}`);
  }

  /** Adds an input of the key that has changed. Only the first one is kept. */
  addChange(name: string): void {
    this.#changed ??= name;
  }

  /** Returns why the result must not be stored, with other undeclared inputs, or `null`. */
  reasonWith(others: readonly string[]): Reason | null {
    if (this.#changed !== null) {
      const what = `${this.#changed} is not what the Dag was read with`;
      return { code: "code_changed", detail: { what } };
    }
    const names = [...others, ...this.#list()];
    return names.length === 0 ? null : { code: "undeclared_input", detail: { names } };
  }

  /** All names, sorted by kind; long lists are shortened. */
  #list(): string[] {
    // Code that lists all names also looks up each of them.
    const variables = this.#plain.has("env") ? [] : bounded(this.#variables, "variables");
    return [...[...this.#plain].sort(), ...variables, ...bounded(this.#files, "files")];
  }
}

function by(packageName: string | null): string {
  return packageName === null ? "" : ` (package ${packageName})`;
}

function bounded(names: ReadonlySet<string>, kind: string): string[] {
  const sorted = [...names].sort();
  const more = sorted.length - NAMED;
  return more <= 0 ? sorted : [...sorted.slice(0, NAMED), `${more} more ${kind}`];
}

// The inputs that a cached attempt was seen to use and did not declare.

import type { Reason } from "@memodag/core";

/** How many of one kind are named; of others only the number is told. */
const NAMED = 10;

/** Collects inputs by name, such as `env.REGION`, `file:data/rows.csv` or `child_process`. */
export class NoticedInputs {
  readonly #plain = new Set<string>();
  readonly #variables = new Set<string>();
  readonly #files = new Set<string>();
  #changed: string | null = null;

  /** Something that has no path or name beside its own, such as `worker_threads`. */
  add(name: string): void {
    this.#plain.add(name);
  }

  /** A variable of the environment; `undefined`: all of them were listed. */
  addVariable(name: string | undefined, packageName: string | null): void {
    if (name === undefined) this.#plain.add("env");
    else this.#variables.add(`env.${name}${by(packageName)}`);
  }

  /** A file or folder, a missing one included. */
  addFile(path: string, packageName: string | null): void {
    this.#files.add(`file:${path}${by(packageName)}`);
  }

  /** Something that is in the key is not what the key was made of. The first one is kept. */
  addChange(name: string): void {
    this.#changed ??= name;
  }

  /** Why the result must not be stored, with other inputs that were not declared; `null`: nothing. */
  reasonWith(others: readonly string[]): Reason | null {
    if (this.#changed !== null) {
      const what = `${this.#changed} is not what the Dag was read with`;
      return { code: "code_changed", detail: { what } };
    }
    const names = [...others, ...this.#list()];
    return names.length === 0 ? null : { code: "undeclared_input", detail: { names } };
  }

  /** All names, sorted by kind; many of a kind are cut short. */
  #list(): string[] {
    // Code that lists all names looks each of them up as well.
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

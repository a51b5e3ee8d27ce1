// Reads options that have not been type-checked, and rejects unknown ones.

import { formatSize, LONGEST_DURATION, LONGEST_DURATION_MS, parseDuration, parseSize } from "@memodag/core";
import { dagInvalid, show, type Fault, type FaultPlace } from "./dag-fault.ts";
import { isPlainObject } from "./plain-object.ts";

/**
 * Maximum of all options that count runs, instances or slots. It is also the maximum number of
 * slots of a pool.
 */
export const LARGEST_COUNT = 1_000_000;

/**
 * Reads one group of options. Every method returns the default for an option that is absent or
 * `undefined`, and throws `dag_invalid` naming the option if its value is invalid.
 */
export class OptionReader {
  private readonly place: FaultPlace;
  private readonly group: string;
  private readonly options: Readonly<Record<string, unknown>>;

  /**
   * `group` is the prefix of option names in messages, such as `cache.`. It is empty for top-level
   * options.
   */
  constructor(place: FaultPlace, group: string, options: unknown, known: readonly string[]) {
    this.place = place;
    this.group = group;
    if (!isPlainObject(options)) {
      const name = group === "" ? "the options" : group.slice(0, -1);
      throw dagInvalid(place, {
        problem: `${name} must be an object, got ${show(options)}`,
        fix: "write { … }",
      });
    }
    this.options = options;
    const unknown = Object.keys(options).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      const names = unknown.map((name) => `${group}${name}`).join(", ");
      throw dagInvalid(place, {
        problem: `unknown option${unknown.length === 1 ? "" : "s"} ${names}`,
        fix: `remove ${unknown.length === 1 ? "it" : "them"}; known options are ${known.join(", ")}`,
      });
    }
  }

  /** Returns the option as written. */
  get(name: string): unknown {
    return this.options[name];
  }

  /** Creates an error about an option. */
  fault(name: string, fault: Fault): Error {
    return dagInvalid(this.place, { ...fault, problem: `${this.group}${name} ${fault.problem}` });
  }

  text<Default>(name: string, whenAbsent: Default): string | Default {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (typeof value === "string" && value !== "") return value;
    throw this.wrong(name, value, "use a non-empty string");
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (typeof value === "boolean") return value;
    throw this.wrong(name, value, "use true or false");
  }

  /** One of several words. */
  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const choice = choices.find((known) => known === value);
    if (choice !== undefined) return choice;
    throw this.wrong(name, value, `use one of ${choices.join(", ")}`);
  }

  /** An integer from `least` to `most`. */
  integer(name: string, whenAbsent: number, least: number, most: number): number {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    throw this.wrong(name, value, `use an integer from ${least} to ${most}`);
  }

  /**
   * A duration in milliseconds, written as seconds or as a string with a unit. `least` is in
   * milliseconds. At most a hundred years.
   */
  duration<Default>(name: string, whenAbsent: Default, least: number): number | Default {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    const ms = this.readDuration(name, value);
    if (ms >= least && ms <= LONGEST_DURATION_MS) return ms;
    const range = `${least === 0 ? "zero or more" : "more than zero"} seconds`;
    throw this.wrong(name, value, `use ${range}, and at most ${LONGEST_DURATION}`);
  }

  /** A size in bytes, written as a string with a unit. `null` if absent. */
  size(name: string, least: number, most: number): number | null {
    const value = this.get(name);
    if (value === undefined) return null;
    const fix = `use a size from ${formatSize(least)} to ${formatSize(most)}, such as "4GB"`;
    if (typeof value !== "string") throw this.wrong(name, value, fix);
    let bytes: number;
    try {
      bytes = parseSize(value);
    } catch (cause) {
      throw this.fault(name, { problem: `is ${show(value)}, which is not a size`, fix, cause });
    }
    if (bytes >= least && bytes <= most) return bytes;
    throw this.wrong(name, value, fix);
  }

  /** A list of strings without duplicates: later copies are dropped. */
  strings(name: string): string[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "")) {
      return [...new Set(value as string[])];
    }
    throw this.wrong(name, value, 'use a list of strings, such as ["a", "b"]');
  }

  /** Creates an error for a value of the wrong type. `fix` says what to use instead. */
  wrong(name: string, value: unknown, fix: string): Error {
    return this.fault(name, { problem: `is ${show(value)}`, fix });
  }

  private readDuration(name: string, value: unknown): number {
    const fix = 'use seconds, or a string of a number and a unit (ms, s, m, h, d or w), such as "30s"';
    if (typeof value === "number" && Number.isFinite(value)) return Math.round(value * 1000);
    if (typeof value !== "string") throw this.wrong(name, value, fix);
    try {
      return parseDuration(value);
    } catch (cause) {
      const most = `${fix}, and at most ${LONGEST_DURATION}`;
      throw this.fault(name, { problem: `is ${show(value)}, which is not a duration`, fix: most, cause });
    }
  }
}

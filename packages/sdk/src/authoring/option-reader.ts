// Reads options that no compiler checked: each by its name, and refuses names that nobody reads.

import { formatSize, LONGEST_DURATION, LONGEST_DURATION_MS, parseDuration, parseSize } from "@memodag/core";
import { dagInvalid, show, type Fault, type FaultPlace } from "./dag-fault.ts";
import { isPlainObject } from "./plain-object.ts";

/** The largest number that options take that count runs, instances or slots; a pool has no more slots. */
export const LARGEST_COUNT = 1_000_000;

/**
 * Reads one group of options. Every method gives the default for an option that is absent or
 * `undefined`, and throws `dag_invalid` naming the option for one that is wrong.
 */
export class OptionReader {
  private readonly place: FaultPlace;
  private readonly group: string;
  private readonly options: Readonly<Record<string, unknown>>;

  /** `group` is what stands before each name in messages, such as `cache.`; empty for none. */
  constructor(place: FaultPlace, group: string, options: unknown, known: readonly string[]) {
    this.place = place;
    this.group = group;
    if (!isPlainObject(options)) {
      const name = group === "" ? "the options" : group.slice(0, -1);
      throw dagInvalid(place, {
        problem: `${name} must be an object and is ${show(options)}`,
        mend: "write { … }",
      });
    }
    this.options = options;
    const unknown = Object.keys(options).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      const names = unknown.map((name) => `${group}${name}`).join(", ");
      throw dagInvalid(place, {
        problem: `unknown option${unknown.length === 1 ? "" : "s"} ${names}`,
        mend: `remove ${unknown.length === 1 ? "it" : "them"}; there are ${known.join(", ")}`,
      });
    }
  }

  /** The option as it stands. */
  get(name: string): unknown {
    return this.options[name];
  }

  /** An error about an option. */
  fault(name: string, fault: Fault): Error {
    return dagInvalid(this.place, { ...fault, problem: `${this.group}${name} ${fault.problem}` });
  }

  text<Default>(name: string, whenAbsent: Default): string | Default {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (typeof value === "string" && value !== "") return value;
    throw this.wrong(name, value, "write a text that is not empty");
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (typeof value === "boolean") return value;
    throw this.wrong(name, value, "write true or false");
  }

  /** A whole number from `least` to `most`. */
  integer(name: string, whenAbsent: number, least: number, most: number): number {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    throw this.wrong(name, value, `write a whole number from ${least} to ${most}`);
  }

  /** Milliseconds, of seconds or a text with a unit; `least` is in milliseconds too. A hundred years at most. */
  duration<Default>(name: string, whenAbsent: Default, least: number): number | Default {
    const value = this.get(name);
    if (value === undefined) return whenAbsent;
    const ms = this.readDuration(name, value);
    if (ms >= least && ms <= LONGEST_DURATION_MS) return ms;
    const range = `${least === 0 ? "zero or more" : "more than zero"} seconds`;
    throw this.wrong(name, value, `write ${range}, and at most ${LONGEST_DURATION}`);
  }

  /** Bytes, of a text with a unit; `null` where it is absent. */
  size(name: string, least: number, most: number): number | null {
    const value = this.get(name);
    if (value === undefined) return null;
    const mend = `write a size from ${formatSize(least)} to ${formatSize(most)}, such as "4GB"`;
    if (typeof value !== "string") throw this.wrong(name, value, mend);
    let bytes: number;
    try {
      bytes = parseSize(value);
    } catch (cause) {
      throw this.fault(name, { problem: `is ${show(value)}, which is not a size`, mend, cause });
    }
    if (bytes >= least && bytes <= most) return bytes;
    throw this.wrong(name, value, mend);
  }

  /** A list of distinct texts; later copies of one are dropped. */
  texts(name: string): string[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "")) {
      return [...new Set(value as string[])];
    }
    throw this.wrong(name, value, 'write a list of texts, such as ["a", "b"]');
  }

  /** An error for a value that is not of the kind that `mend` asks for. */
  wrong(name: string, value: unknown, mend: string): Error {
    return this.fault(name, { problem: `is ${show(value)}`, mend });
  }

  private readDuration(name: string, value: unknown): number {
    const mend = 'write seconds, or a number and one of ms, s, m, h, d, w, such as "30s"';
    if (typeof value === "number" && Number.isFinite(value)) return Math.round(value * 1000);
    if (typeof value !== "string") throw this.wrong(name, value, mend);
    try {
      return parseDuration(value);
    } catch (cause) {
      const most = `${mend}, and at most ${LONGEST_DURATION}`;
      throw this.fault(name, { problem: `is ${show(value)}, which is not a duration`, mend: most, cause });
    }
  }
}

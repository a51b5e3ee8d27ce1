// The date at which an attempt says that its result expires.

import { findIsoTime } from "@memodag/core";
import type { TaskCache } from "../context/task-cache.ts";

/** Keeps the earliest date. */
export class ResultExpiry implements TaskCache {
  /** Milliseconds since the Unix epoch; undefined: none was given. */
  #at: number | undefined;

  get at(): number | undefined {
    return this.#at;
  }

  expireAt(date: Date | string | number): void {
    const at = timeOf(date);
    if (at === undefined || !Number.isFinite(at)) {
      throw new TypeError(
        `expireAt(${String(date)}) is not a date: pass a Date, an ISO 8601 string, or milliseconds since the Unix epoch`,
      );
    }
    this.#at = Math.floor(Math.min(this.#at ?? at, at));
  }
}

function timeOf(date: Date | string | number): number | undefined {
  if (date instanceof Date) return date.getTime();
  if (typeof date === "number") return date;
  return findIsoTime(date) === undefined ? undefined : Date.parse(date);
}

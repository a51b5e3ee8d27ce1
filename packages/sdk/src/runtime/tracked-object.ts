// A read-only view of a JSON object that tells which of its paths were read. Names that are not there
// count, and so does listing the names: a run in which they differ is another input.

import { inspect } from "node:util";
import type { JsonObject, JsonValue } from "@memodag/core";
import { memberPath } from "../context/context-path.ts";
import type { ReadTracker } from "./read-tracker.ts";

/** Objects that every run has: that they are there says nothing of the run. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(["dagRun.conf"]);

/** A view of `source`, whose path is `path`. `source` must be frozen, deeply. */
export function trackObject(source: JsonObject, path: string, tracker: ReadTracker): JsonObject {
  const member = (name: string): JsonValue | undefined => {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    return trackValue(value, memberPath(path, name), tracker);
  };
  const readAll = (): JsonObject => {
    tracker.read(path);
    return source;
  };
  // Nothing of the source is in the target: what looks through a Proxy, as console.log does, asks
  // the target how to show it.
  const target = Object.defineProperty({}, inspect.custom, { value: readAll, configurable: true });
  return new Proxy(target, {
    get: (_target, name) => (typeof name === "symbol" ? Reflect.get(target, name) : member(name)),
    has: (_target, name) => {
      if (typeof name === "symbol") return Reflect.has(target, name);
      member(name);
      return Object.hasOwn(source, name);
    },
    ownKeys: () => Object.keys(readAll()),
    getOwnPropertyDescriptor: (_target, name) => {
      if (typeof name === "symbol") return Reflect.getOwnPropertyDescriptor(target, name);
      const value = member(name);
      if (!Object.hasOwn(source, name)) return undefined;
      return { value, enumerable: true, configurable: true, writable: false };
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
}

/** A value as a handler gets it: objects that hold declared paths as views, others whole and noted. */
export function trackValue<T extends JsonValue | undefined>(value: T, path: string, tracker: ReadTracker): T {
  if (isObject(value) && (ALWAYS_THERE.has(path) || tracker.isImplied(path))) {
    return trackObject(value, path, tracker) as T;
  }
  tracker.read(path);
  return value;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

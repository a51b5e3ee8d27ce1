// A read-only view of a JSON object that tracks which of its paths are read. Reads of absent names
// and listing the names count too: they would differ in a run with other names.

import { inspect } from "node:util";
import type { JsonObject, JsonValue } from "@memodag/core";
import { memberPath } from "../context/context-path.ts";
import type { ReadTracker } from "./read-tracker.ts";

/** Objects that exist in every run: their existence reveals nothing about the run. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(["dagRun.conf"]);

/** Returns a view of `source`, which is at `path` and must be deeply frozen. */
export function trackObject(source: JsonObject, path: string, tracker: ReadTracker): JsonObject {
  const member = (name: string): JsonValue | undefined => {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    return trackValue(value, memberPath(path, name), tracker);
  };
  const readAll = (): JsonObject => {
    tracker.read(path);
    return source;
  };
  // The target contains nothing of the source, because inspection through a Proxy, as by
  // console.log, asks the target how to display it.
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

/**
 * Returns a value as the handler receives it: a view for an object that contains declared paths,
 * otherwise the value itself, with the read recorded.
 */
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

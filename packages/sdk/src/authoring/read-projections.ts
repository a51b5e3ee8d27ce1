// Reads which fields of arguments stand for them in the cache key.

import type { Projection } from "@memodag/core";
import type { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";

/** A path of names and indexes, with dots between them. */
const FIELD_PATH = /^[^.]+(\.[^.]+)*$/;

/** Reads the option `inputs`; sorted, so that its order does not matter. */
export function readProjections(reader: OptionReader, excluded: readonly string[]): Projection[] {
  const value = reader.get("inputs");
  if (value === undefined) return [];
  if (!isPlainObject(value))
    throw reader.wrong("inputs", value, 'use an object of fields by argument, such as { doc: ["etag"] }');
  return Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => {
      if (excluded.includes(name)) {
        throw reader.fault("inputs", {
          problem: `has fields of "${name}", which excludeInputs leaves out`,
          fix: "remove one of them",
        });
      }
      return [name, readFields(reader, name, value[name])] as const;
    });
}

function readFields(reader: OptionReader, name: string, value: unknown): string[] {
  const fix = `use a list of paths such as ["etag", "model.name"]; an argument that does not count goes into excludeInputs`;
  const isList = Array.isArray(value) && value.length > 0;
  if (!isList || !value.every((path) => typeof path === "string" && FIELD_PATH.test(path)))
    throw reader.wrong(`inputs.${name}`, value, fix);
  const paths = [...new Set(value as string[])].sort();
  // A field below another one adds nothing to the key.
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}.`)));
}

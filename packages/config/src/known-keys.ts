// The keys of the schema by path, for faults, overrides, `config show` and generated files.

import * as z from "zod";
import type { KeyFacts } from "./key.ts";
import { configSchema } from "./schema.ts";

/** A section of the config file, or the shape of one element of a list of them. */
export interface KnownSection {
  readonly name: string;
  readonly description: string;
  /** True for a list of tables, `[[name]]`. */
  readonly isList: boolean;
  readonly keys: ReadonlyMap<string, KeyFacts>;
}

/** All sections, in the schema's order. */
export const knownSections: ReadonlyMap<string, KnownSection> = new Map(
  Object.entries(configSchema.shape).map(([name, schema]) => [name, readSection(name, schema)]),
);

function readSection(name: string, schema: z.ZodPrefault): KnownSection {
  const inner = schema.unwrap();
  const isList = inner instanceof z.ZodArray;
  const object = isList ? inner.element : inner;
  if (!(object instanceof z.ZodObject)) throw new TypeError(`[${name}] has no keys`);
  return {
    name,
    isList,
    description: String(schema.meta()?.description),
    keys: new Map(
      Object.entries(object.shape).map(([key, keySchema]) => [
        key,
        (keySchema as z.ZodType).meta() as unknown as KeyFacts,
      ]),
    ),
  };
}

/** Location of a value in the config file: section, index if the section is a list, key. */
export type KeyPath = readonly (string | number)[];

/** Returns the metadata of the key at a path, or undefined if there is no such key. */
export function findKeyFacts(path: KeyPath): KeyFacts | undefined {
  const [sectionName, ...rest] = path;
  const section = knownSections.get(String(sectionName));
  if (section === undefined) return undefined;
  const [keyName, ...deeper] = section.isList ? rest.slice(1) : rest;
  return deeper.length > 0 ? undefined : section.keys.get(String(keyName));
}

/** Formats a path, such as `core.parallelism` or `bundles[0].path`. */
export function formatKeyPath(path: KeyPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

// The keys of the schema by path, for faults, overrides, `config show` and generated files.

import type { KeyFacts, Section } from "./schema/key.ts";
import { configSchema } from "./schema/config-schema.ts";

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
  Object.entries<Section>(configSchema).map(([name, { description, isList, keys }]) => {
    const named = Object.entries(keys).map(([key, { facts }]) => [key, facts] as const);
    return [name, { name, description, isList, keys: new Map(named) }];
  }),
);

/** Location of a value in the config file: section, index if the section is a list, key. */
export type KeyPath = readonly (string | number)[];

/** Formats a path, such as `core.parallelism` or `bundles[0].path`. */
export function formatKeyPath(path: KeyPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

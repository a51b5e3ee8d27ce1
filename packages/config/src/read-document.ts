// Reads a document by the schema: the parsed values, or every fault.

import { type ConfigFault, sectionFault, unknownKeyFault, valueFault } from "./faults.ts";
import type { KeyPath } from "./known-keys.ts";
import { configSchema, type ParsedDocument } from "./schema/config-schema.ts";
import { INVALID, type Section } from "./schema/key.ts";
import { isTable } from "./schema/value-types.ts";

/** The outcome of reading a document. */
export type ReadDocument =
  | { readonly kind: "valid"; readonly parsed: ParsedDocument }
  | { readonly kind: "faulty"; readonly faults: readonly ConfigFault[] };

/** Reads the values of all keys, those that are not written from their defaults. */
export function readValues(document: Readonly<Record<string, unknown>>): ReadDocument {
  const faults: ConfigFault[] = [];
  const parsed = Object.fromEntries(
    Object.entries<Section>(configSchema).map(([name, section]) => {
      const written = Object.hasOwn(document, name) ? document[name] : undefined;
      const read = section.isList
        ? readList(name, section, written ?? [], faults)
        : readTable([name], section, written ?? {}, faults);
      return [name, read];
    }),
  );
  addUnknown([], document, configSchema, faults);
  return faults.length > 0
    ? { kind: "faulty", faults }
    : { kind: "valid", parsed: parsed as unknown as ParsedDocument };
}

function readList(name: string, section: Section, written: unknown, faults: ConfigFault[]): unknown[] {
  if (Array.isArray(written))
    return written.map((element: unknown, index) => readTable([name, index], section, element, faults));
  faults.push(sectionFault([name], written));
  return [];
}

function readTable(path: KeyPath, { keys }: Section, written: unknown, faults: ConfigFault[]): object {
  if (!isTable(written)) {
    faults.push(sectionFault(path, written));
    return {};
  }
  const table: Record<string, unknown> = {};
  for (const [name, { type, facts, presence }] of Object.entries(keys)) {
    const value = Object.hasOwn(written, name) ? written[name] : undefined;
    if (value === undefined && presence === "unset") continue;
    const read = type.read(value === undefined && presence === "default" ? facts.default : value);
    if (read === INVALID) faults.push(valueFault([...path, name], facts, value));
    else table[name] = read;
  }
  addUnknown(path, written, keys, faults);
  return table;
}

function addUnknown(path: KeyPath, written: object, known: object, faults: ConfigFault[]): void {
  for (const name of Object.keys(written))
    if (!Object.hasOwn(known, name)) faults.push(unknownKeyFault([...path, name]));
}

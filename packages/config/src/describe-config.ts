// Describes a config for display: every key with its value and where the value comes from, without
// secrets.

import { type ConfigDocument } from "./document.ts";
import { valueAt } from "./faults.ts";
import type { KeyFacts } from "./schema/key.ts";
import { formatKeyPath, type KeyPath, knownSections } from "./known-keys.ts";
import type { LoadedConfig } from "./load-config.ts";
import { redactUrl } from "./redact.ts";

/** One key of a config, in a form that can be shown. */
export interface ShownKey {
  /** Such as `core.parallelism`. */
  readonly path: string;
  /** As written; `null` if unset. Passwords are redacted. */
  readonly value: string | number | boolean | null;
  /** `default`, `file`, or the name of an environment variable. */
  readonly origin: string;
}

/** Returns every key of a config, in the schema's order. */
export function describeConfig({ document, variables }: LoadedConfig): ShownKey[] {
  return listKeys(document).map((key) => {
    const path = formatKeyPath(key.keyPath);
    const isWritten = valueAt(document, key.keyPath) !== undefined;
    return { path, value: shownValue(key), origin: variables.get(path) ?? (isWritten ? "file" : "default") };
  });
}

/** A key of a config with its unredacted value. */
export interface WrittenKey {
  readonly keyPath: KeyPath;
  readonly facts: KeyFacts;
  /** As written, or the default; may contain secrets. */
  readonly value: ShownKey["value"];
  /** The keys of a table; its value is its JSON. */
  readonly tableKeys?: readonly string[];
}

/** Returns every key of a document, in the schema's order. */
export function listKeys(document: ConfigDocument): WrittenKey[] {
  return [...knownSections.values()].flatMap((section) =>
    prefixesOf(section.name, section.isList, document).flatMap((prefix) => {
      const kind = valueAt(document, [...prefix, "kind"]);
      return [...section.keys].flatMap(([name, facts]) => {
        const keyPath = [...prefix, name];
        const written = valueAt(document, keyPath);
        if (facts.of !== undefined && facts.of !== kind && written === undefined) return [];
        const tableKeys = isTable(written) ? Object.keys(written) : undefined;
        const value = (tableKeys ? JSON.stringify(written) : written) as ShownKey["value"] | undefined;
        return [{ keyPath, facts, value: value ?? facts.default ?? null, ...(tableKeys && { tableKeys }) }];
      });
    }),
  );
}

/** Returns a value without its password. */
export function shownValue({ facts, value, tableKeys }: WrittenKey): ShownKey["value"] {
  if (tableKeys) return `a table of ${tableKeys.join(", ")}`;
  return facts.secret === true && typeof value === "string" ? redactUrl(value) : value;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function prefixesOf(name: string, isList: boolean, document: ConfigDocument): KeyPath[] {
  if (!isList) return [[name]];
  const elements = valueAt(document, [name]);
  return Array.isArray(elements) ? elements.map((_, index) => [name, index]) : [];
}

// A config as it is shown: every key with its value as written and where that comes from, no secrets.

import { type ConfigDocument } from "./document.ts";
import { valueAt } from "./faults.ts";
import type { KeyFacts } from "./key.ts";
import { formatKeyPath, type KeyPath, knownSections } from "./known-keys.ts";
import type { LoadedConfig } from "./load-config.ts";
import { redactUrl } from "./redact.ts";

/** One key of a config, fit to be shown. */
export interface ShownKey {
  /** Such as `core.parallelism`. */
  readonly path: string;
  /** As written; `null` when unset. Passwords are hidden. */
  readonly value: string | number | boolean | null;
  /** `default`, `file`, or the name of an environment variable. */
  readonly origin: string;
}

/** Every key of a config, in the schema's order. */
export function describeConfig({ document, variables }: LoadedConfig): ShownKey[] {
  return [...knownSections.values()].flatMap((section) =>
    prefixesOf(section.name, section.isList, document).flatMap((prefix) =>
      [...section.keys].map(([name, facts]) => describeKey([...prefix, name], facts, document, variables)),
    ),
  );
}

function prefixesOf(name: string, isList: boolean, document: ConfigDocument): KeyPath[] {
  if (!isList) return [[name]];
  const elements = valueAt(document, [name]);
  return Array.isArray(elements) ? elements.map((_, index) => [name, index]) : [];
}

function describeKey(
  keyPath: KeyPath,
  facts: KeyFacts,
  document: ConfigDocument,
  variables: ReadonlyMap<string, string>,
): ShownKey {
  const path = formatKeyPath(keyPath);
  const written = valueAt(document, keyPath) as ShownKey["value"] | undefined;
  const value = written ?? facts.default ?? null;
  return {
    path,
    value: facts.secret === true && typeof value === "string" ? redactUrl(value) : value,
    origin: variables.get(path) ?? (written === undefined ? "default" : "file"),
  };
}

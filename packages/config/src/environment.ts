// Overrides from the environment: MEMODAG__SECTION__KEY, or MEMODAG__BUNDLES__0__KEY for lists.

import { findNearest } from "@memodag/core";
import type { ConfigFault } from "./faults.ts";
import type { KeyFacts } from "./schema/key.ts";
import { type KeyPath, type KnownSection, knownSections } from "./known-keys.ts";

const PREFIX = "MEMODAG__";

/** A key's value from the environment. */
export interface Override {
  readonly variable: string;
  readonly path: KeyPath;
  readonly value: unknown;
}

/** Reads all variables that start with `MEMODAG__`. One that does not name a key is a fault. */
export function readOverrides(env: Readonly<Record<string, string | undefined>>): {
  readonly overrides: readonly Override[];
  readonly faults: readonly ConfigFault[];
} {
  const overrides: Override[] = [];
  const faults: ConfigFault[] = [];
  for (const [variable, text] of Object.entries(env).toSorted(byName)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const found = findKey(variable);
    if (found === undefined) faults.push(unknownVariableFault(variable));
    else overrides.push({ variable, path: found.path, value: valueOf(text, found.facts) });
  }
  return { overrides, faults };
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function findKey(variable: string): { readonly path: KeyPath; readonly facts: KeyFacts } | undefined {
  const parts = variable.slice(PREFIX.length).split("__");
  const section = knownSections.get((parts[0] ?? "").toLowerCase());
  if (section === undefined || parts.length !== (section.isList ? 3 : 2)) return undefined;
  const keyName = (parts.at(-1) ?? "").toLowerCase();
  const facts = section.keys.get(keyName);
  if (facts === undefined || variable !== variable.toUpperCase()) return undefined;
  if (!section.isList) return { path: [section.name, keyName], facts };
  return /^\d{1,3}$/.test(parts[1] ?? "")
    ? { path: [section.name, Number(parts[1]), keyName], facts }
    : undefined;
}

function valueOf(text: string, facts: KeyFacts): unknown {
  // A value of the wrong kind stays a string, and the schema rejects it.
  if (facts.kind === "integer") return /^-?\d+$/.test(text) ? Number(text) : text;
  if (facts.kind === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return text;
}

function unknownVariableFault(variable: string): ConfigFault {
  const names = [...knownSections.values()].flatMap(variablesOf);
  const nearest = findNearest(variable.slice(PREFIX.length), names);
  return {
    path: variable,
    expected: "the name of a key, as MEMODAG__SECTION__KEY",
    found: "an unknown name",
    ...(nearest === undefined ? {} : { nearest: PREFIX + nearest }),
  };
}

function variablesOf(section: KnownSection): string[] {
  const middle = section.isList ? "__0__" : "__";
  return [...section.keys.keys()].map((key) => (section.name + middle + key).toUpperCase());
}

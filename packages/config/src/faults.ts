// Faults of a config, as data and as messages: the key, what was expected and what was found.

import { findNearest, MemodagError } from "@memodag/core";
import type { KeyFacts } from "./schema/key.ts";
import { formatKeyPath, type KeyPath, knownSections } from "./known-keys.ts";

/** One fault of a config. */
export interface ConfigFault {
  /** The key's path, such as `core.parallelism` or `bundles[0].team`, or an environment variable. */
  readonly path: string;
  /** The expected value. */
  readonly expected: string;
  /** The value found there; never contains a secret. */
  readonly found: string;
  /** The closest known key, if the key is unknown. */
  readonly nearest?: string;
}

/** Creates the error that lists all faults of a config, one per line. */
export function configInvalid(source: string, faults: readonly ConfigFault[]): MemodagError {
  const lines = faults.map(formatFault);
  const message =
    lines.length === 1
      ? `${source}: ${lines[0]}`
      : [`${source} has ${lines.length} faults:`, ...lines].join("\n  ");
  return new MemodagError("config_invalid", message, { fields: { source, faults: lines } });
}

function formatFault({ path, expected, found, nearest }: ConfigFault): string {
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${path}: expected ${expected}, found ${found}${hint}`;
}

/** The fault of a value that its key does not take; `undefined`: of one that is missing. */
export function valueFault(path: KeyPath, facts: KeyFacts, value: unknown): ConfigFault {
  return {
    path: formatKeyPath(path),
    expected: facts.expected,
    found: formatFound(value, facts.secret === true),
  };
}

/** The fault of a section, or of an element of a list, that is something else. */
export function sectionFault(path: KeyPath, value: unknown): ConfigFault {
  return {
    path: formatKeyPath(path),
    expected: expectedSection(String(path[0])),
    found: formatFound(value, false),
  };
}

function expectedSection(name: string): string {
  return knownSections.get(name)?.isList ? `tables, each under [[${name}]]` : `a table under [${name}]`;
}

/** The fault of a name that is no key of its section, or no section. */
export function unknownKeyFault(path: KeyPath): ConfigFault {
  const name = String(path.at(-1));
  const section = path.length > 1 ? knownSections.get(String(path[0])) : undefined;
  const nearest =
    section === undefined ? nearestToTopLevel(name) : nearestInSections(name, path, section.name);
  return {
    path: formatKeyPath(path),
    expected:
      section === undefined
        ? `a section: ${[...knownSections.keys()].join(", ")}`
        : `a key of [${section.name}]: ${[...section.keys.keys()].join(", ")}`,
    found: "an unknown name",
    ...(nearest === undefined ? {} : { nearest }),
  };
}

function nearestToTopLevel(name: string): string | undefined {
  return findNearest(name, knownSections.keys()) ?? nearestElsewhere(name);
}

function nearestInSections(name: string, path: KeyPath, sectionName: string): string | undefined {
  const nearest = findNearest(name, knownSections.get(sectionName)?.keys.keys() ?? []);
  return nearest === undefined ? nearestElsewhere(name) : formatKeyPath([...path.slice(0, -1), nearest]);
}

/** Finds a similar key in another section, for a key in the wrong section or in none. */
function nearestElsewhere(name: string): string | undefined {
  const byName = new Map(
    [...knownSections.values()]
      .filter((section) => !section.isList)
      .flatMap((section) => [...section.keys.keys()].map((key) => [key, `${section.name}.${key}`] as const)),
  );
  const nearest = findNearest(name, byName.keys());
  return nearest === undefined ? undefined : byName.get(nearest);
}

/** Returns the value at a path of a document, or undefined if there is none. */
export function valueAt(document: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    document,
  );
}

const LONGEST_SHOWN = 60;

function formatFound(value: unknown, isSecret: boolean): string {
  if (value === undefined) return "nothing";
  if (isSecret && typeof value === "string") {
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(value)?.[0];
    return scheme === undefined ? "something else (not shown: it may be a secret)" : `"${scheme}…"`;
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && !(value instanceof Date)) return "a table";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

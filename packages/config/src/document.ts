// A config document before validation: the TOML file with environment overrides applied.

import { readFileSync } from "node:fs";
import { messageOf } from "@memodag/core";
import { parse, TomlError } from "smol-toml";
import { configInvalid } from "./faults.ts";
import type { KeyPath } from "./known-keys.ts";

/** The unvalidated content of a TOML file. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/**
 * Reads a TOML file.
 * @throws MemodagError `config_invalid` if it cannot be read or is not valid TOML.
 */
export function readDocument(path: string, label: string): ConfigDocument {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw configInvalid(label, [{ path: "file", expected: "a readable file", found: messageOf(error) }]);
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    const place = `line ${error.line}, column ${error.column}`;
    throw configInvalid(label, [{ path: place, expected: "TOML", found: `a syntax error: ${reason}` }]);
  }
}

/**
 * Returns the document with a value set, or removed if `undefined`. Unchanged if a table on the path is
 * missing.
 */
export function withValue(document: ConfigDocument, path: KeyPath, value: unknown): ConfigDocument {
  return setAt(document, path, value) as ConfigDocument;
}

function setAt(container: unknown, [part, ...rest]: KeyPath, value: unknown): unknown {
  if (part === undefined) return value;
  const held = container ?? (typeof part === "number" ? [] : {});
  // Anything other than a table or list is left as is, and the schema rejects it.
  if (typeof held !== "object") return held;
  const copy = (Array.isArray(held) ? [...held] : { ...held }) as Record<string | number, unknown>;
  const member = setAt(copy[part], rest, value);
  if (member === undefined) delete copy[part];
  else copy[part] = member;
  return copy;
}

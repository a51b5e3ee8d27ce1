// A config document before it is checked: the file's TOML with the environment laid over it.

import { readFileSync } from "node:fs";
import { messageOf } from "@memodag/core";
import { parse, TomlError } from "smol-toml";
import { configInvalid } from "./faults.ts";
import type { KeyPath } from "./known-keys.ts";

/** What a TOML file holds, unchecked. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/**
 * Reads a TOML file.
 * @throws MemodagError `config_invalid` when it cannot be read or is not TOML.
 */
export function readDocument(path: string, label: string): ConfigDocument {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw configInvalid(label, [
      { path: "file", expected: "a file that can be read", found: messageOf(error) },
    ]);
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    const place = `line ${error.line}, column ${error.column}`;
    throw configInvalid(label, [{ path: place, expected: "TOML", found: `a fault: ${reason}` }]);
  }
}

/** The document with a value set, or with `undefined` taken out; untouched where a table is missing. */
export function withValue(document: ConfigDocument, path: KeyPath, value: unknown): ConfigDocument {
  return setAt(document, path, value) as ConfigDocument;
}

function setAt(container: unknown, [part, ...rest]: KeyPath, value: unknown): unknown {
  if (part === undefined) return value;
  const held = container ?? (typeof part === "number" ? [] : {});
  // What is neither table nor list stays as it is: the schema refuses it.
  if (typeof held !== "object") return held;
  const copy = (Array.isArray(held) ? [...held] : { ...held }) as Record<string | number, unknown>;
  const member = setAt(copy[part], rest, value);
  if (member === undefined) delete copy[part];
  else copy[part] = member;
  return copy;
}

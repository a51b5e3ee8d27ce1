// Reads the result of a command.

import { readFileSync, statSync } from "node:fs";
import { canonicalBytes, MemodagError, messageOf, parseOutsideJson } from "@memodag/core";
import { xcomTooLarge } from "@memodag/sdk/runtime";
import { MAX_FRAME_BYTES } from "../frame.ts";
import { findJsonFault } from "./json-fault.ts";

const SHOWN_LENGTH = 40;

/**
 * Returns the canonical JSON of a result file; that of `null` if the file is missing or empty.
 * @param maxBytes maximum size of its JSON
 * @throws MemodagError `value_not_json` with the position of the error, `xcom_too_large`
 */
export function readResultFile(path: string, maxBytes: number): Uint8Array {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // White space does not count towards the size, but no sensible file contains this much of it.
  if (size > MAX_FRAME_BYTES) throw xcomTooLarge("The command's result", size, maxBytes);
  const text = size === 0 ? "" : readText(path);
  const bytes = canonicalBytes(text.trim() === "" ? null : parse(text));
  if (bytes.length > maxBytes) throw xcomTooLarge("The command's result", bytes.length, maxBytes);
  return bytes;
}

function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    throw new MemodagError(
      "value_not_json",
      `The command's result cannot be read (${messageOf(cause)}): write JSON in UTF-8 to the file named by $MEMODAG_RESULT`,
      { cause },
    );
  }
}

function parse(text: string): unknown {
  try {
    return parseOutsideJson(text);
  } catch (cause) {
    if (cause instanceof MemodagError) {
      throw new MemodagError("value_not_json", `The command's result cannot be taken: ${cause.message}`, {
        cause,
        fields: cause.fields,
      });
    }
    const offset = findJsonFault(text) ?? text.length;
    const before = text.slice(0, offset).split("\n");
    const [line, column] = [before.length, (before.at(-1) ?? "").length + 1];
    const [found = ""] = text.slice(offset, offset + SHOWN_LENGTH).split("\n");
    const what = offset >= text.length ? "it ends too early" : `found ${JSON.stringify(found)}`;
    throw new MemodagError(
      "value_not_json",
      `The command's result is not JSON at line ${line}, column ${column}: ${what}: ${fixOf(found)}`,
      { cause, fields: { line, column } },
    );
  }
}

function fixOf(found: string): string {
  return /^-?(?:NaN|Infinity)/.test(found)
    ? "JSON has no such number: write null instead"
    : "write JSON to the file named by $MEMODAG_RESULT, such as json.dump(value, file) does, and close it";
}

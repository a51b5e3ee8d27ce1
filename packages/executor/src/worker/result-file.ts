// Reads what a command left as its result.

import { readFileSync, statSync } from "node:fs";
import { canonicalBytes, MemodagError, messageOf } from "@memodag/core";
import { MAX_FRAME_BYTES } from "../frame.ts";
import { findJsonFault } from "./json-fault.ts";

const SHOWN_LENGTH = 40;

/**
 * The canonical JSON of a result file; of `null` when there is no file, or an empty one.
 * @throws MemodagError `value_not_json` with the place of the fault, `value_too_large`
 */
export function readResultFile(path: string): Uint8Array {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_FRAME_BYTES) {
    throw new MemodagError(
      "value_too_large",
      `The command's result is ${size} bytes, more than ${MAX_FRAME_BYTES}: write it to a file of your own and return its path`,
      { fields: { sizeBytes: size } },
    );
  }
  const text = size === 0 ? "" : readText(path);
  return canonicalBytes(text.trim() === "" ? null : parse(text), { maxBytes: MAX_FRAME_BYTES });
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
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const offset = findJsonFault(text) ?? text.length;
    const before = text.slice(0, offset).split("\n");
    const [line, column] = [before.length, (before.at(-1) ?? "").length + 1];
    const [found = ""] = text.slice(offset, offset + SHOWN_LENGTH).split("\n");
    const what = offset >= text.length ? "it ends too early" : `found ${JSON.stringify(found)}`;
    throw new MemodagError(
      "value_not_json",
      `The command's result is not JSON at line ${line}, column ${column}: ${what}: ${mendOf(found)}`,
      { cause, fields: { line, column } },
    );
  }
}

function mendOf(found: string): string {
  return /^-?(?:NaN|Infinity)/.test(found)
    ? "JSON has no such number: write null in its place"
    : "write JSON to the file named by $MEMODAG_RESULT, such as json.dump(value, file) does, and close it";
}

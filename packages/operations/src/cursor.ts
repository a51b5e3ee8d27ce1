// Cursors: the position at which a page of a list ended, as an opaque string.
//
// A cursor holds the position of the last item in the list's own order, not a count of items, so that
// concurrent insertions and deletions move nothing to another page.

import { MemodagError, sha256, type JsonValue } from "@memodag/core";

/** Digits of the check sum; enough to detect a truncated cursor, or one of another list. */
const CHECK_DIGITS = 12;

/** Creates the cursor for a position in a list. `list` names the list and its order. */
export function sealCursor(list: string, place: JsonValue): string {
  const json = JSON.stringify(place);
  return Buffer.from(`${checkOf(list, json)}${json}`).toString("base64url");
}

/**
 * The position that a cursor of this list holds.
 * @throws MemodagError `cursor_invalid` for anything else
 */
export function openCursor(list: string, cursor: string): JsonValue {
  const text = Buffer.from(cursor, "base64url").toString();
  const json = text.slice(CHECK_DIGITS);
  if (text.slice(0, CHECK_DIGITS) === checkOf(list, json)) return JSON.parse(json) as JsonValue;
  throw new MemodagError(
    "cursor_invalid",
    `"${cursor}" is not a cursor of this list in this order: use the one at the end of the previous page`,
  );
}

function checkOf(list: string, json: string): string {
  return sha256(new TextEncoder().encode(`${list}\n${json}`)).slice(0, CHECK_DIGITS);
}

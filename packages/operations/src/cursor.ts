// Cursors: where in a list a page ended, as a string that says nothing to those who hold it.
//
// A cursor holds the place of the last item in the list's own order, not a count of items: what is added or
// removed meanwhile moves nothing to another page.

import { MemodagError, sha256, type JsonValue } from "@memodag/core";

/** Digits of the check; enough to tell a cursor that was cut short or is of another list. */
const CHECK_DIGITS = 12;

/** The cursor for a place in a list. `list` names the list and its order. */
export function sealCursor(list: string, place: JsonValue): string {
  const json = JSON.stringify(place);
  return Buffer.from(`${checkOf(list, json)}${json}`).toString("base64url");
}

/**
 * The place that a cursor of this list holds.
 * @throws MemodagError `cursor_invalid` for what is not a cursor of it.
 */
export function openCursor(list: string, cursor: string): JsonValue {
  const text = Buffer.from(cursor, "base64url").toString();
  const json = text.slice(CHECK_DIGITS);
  if (text.slice(0, CHECK_DIGITS) === checkOf(list, json)) return JSON.parse(json) as JsonValue;
  throw new MemodagError(
    "cursor_invalid",
    `"${cursor}" is not a cursor of this list in this order: give the one that the page before ended with`,
  );
}

function checkOf(list: string, json: string): string {
  return sha256(new TextEncoder().encode(`${list}\n${json}`)).slice(0, CHECK_DIGITS);
}

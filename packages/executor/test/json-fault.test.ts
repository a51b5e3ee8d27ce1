import * as fc from "fast-check";
import { expect, it } from "vitest";
import { findJsonFault } from "../src/worker/json-fault.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON, cut or changed at one place. */
const nearlyJson = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom("", ",", "]", "}", '"', "\\", "NaN", " ", "0", "-", ":", "\n", "1e"),
  )
  .chain(([text, at, put]) => {
    const place = at % (text.length + 1);
    return fc.constantFrom(
      text.slice(0, place) + put + text.slice(place),
      text.slice(0, place) + put + text.slice(place + 1),
      text.slice(0, place),
    );
  });

it("finds a fault where JSON.parse finds one, and nowhere else", () => {
  fc.assert(
    fc.property(nearlyJson, (text) => {
      expect(findJsonFault(text) === null).toBe(isJson(text));
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ["[1, nope]", 4],
  ['{"loss": NaN}', 9],
  ['{"a":1,}', 7],
  ["[1,]", 3],
  ["01", 0],
  ["", 0],
  ["[1", 2],
  ['{"a" 1}', 5],
  ["1 2", 2],
  ['["a\nb"]', 1],
])("finds where %j stops being JSON", (text, offset) => {
  expect(findJsonFault(text)).toBe(offset);
});

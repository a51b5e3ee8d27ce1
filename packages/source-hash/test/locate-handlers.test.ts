// Where handlers are found, and what they captured: of one task, and of very many.

import { locateHandlers } from "@memodag/source-hash";
import { expect, test } from "vitest";

type Handler = () => unknown;

const SHARED = { rate: 3 };
const atTop: Handler = () => SHARED.rate;

function inFunction(seen: number): Handler {
  return () => seen;
}

function locate(handlers: readonly Handler[], maxValues?: number) {
  const named = new Map(handlers.map((handler, index) => [`t${index}`, handler]));
  const options = maxValues === undefined ? {} : { maxValues };
  const { handlers: indexes, heap } = locateHandlers(named, { isArtifact: () => true, ...options });
  return indexes.map(([, index]) => ({ value: heap[index], heap }));
}

test("captured values are told of each function, whichever was looked at before", () => {
  const block: Handler[] = [];
  for (const name of ["a", "b"]) block.push(() => name);
  const mixed = [atTop, inFunction(7), atTop, ...block, inFunction(8)];
  for (const order of [mixed, mixed.toReversed()]) {
    const captured = locate(order).map(({ value, heap }) =>
      value?.kind === "function"
        ? value.captured.map(([name, index]) => [name, heap[index]])
        : ["not a function"],
    );
    const text = (value: string): object => ({ kind: "primitive", text: value });
    const expected = [
      [],
      [["seen", text("number 7")]],
      [],
      [["name", text('string "a"')]],
      [["name", text('string "b"')]],
      [["seen", text("number 8")]],
    ];
    const own = captured.map((list) => list.filter(([name]) => name === "seen" || name === "name"));
    expect(own).toEqual(order === mixed ? expected : expected.toReversed());
  }
});

test("handlers are located however many there are; the limit is for what they captured", () => {
  const handlers = Array.from({ length: 300 }, (_, index) => inFunction(index));
  for (const { value } of locate(handlers, 0)) expect(value).toMatchObject({ kind: "function" });
});

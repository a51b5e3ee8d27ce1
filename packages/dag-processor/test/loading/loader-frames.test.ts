import fc from "fast-check";
import { expect, it } from "vitest";
import { frameHeader, FrameReader } from "../../src/loading/loader-frames.ts";

const TOKEN = "0123456789abcdef";

function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(frameHeader(TOKEN, bytes.length)), bytes]);
}

it("reads messages however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string()),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (texts, cuts) => {
        const reader = new FrameReader(TOKEN);
        const bytes = Buffer.concat(texts.map(frame));
        const events = [];
        for (let from = 0, cut = 0; from < bytes.length; cut++) {
          const to = from + (cuts[cut % cuts.length] as number);
          events.push(...reader.push(bytes.subarray(from, to)));
          from = to;
        }
        expect(events).toEqual(texts.map((text) => ({ kind: "message", text })));
      },
    ),
  );
});

it.each([
  ["another token", Buffer.from("fedcba9876543210 2\n{}")],
  ["no header", Buffer.from(`{"kind":"loaded"}\n`)],
  ["no line at all", Buffer.alloc(1_000, "x")],
  ["a length that is none", Buffer.from(`${TOKEN} -1\n`)],
])("takes %s for another's, and reads nothing after it", (_what, bytes) => {
  const reader = new FrameReader(TOKEN);
  expect(reader.push(bytes)).toEqual([{ kind: "fault", fault: "foreign" }]);
  expect(reader.push(frame("{}"))).toEqual([]);
});

it("refuses a message that is too large before it has come", () => {
  expect(new FrameReader(TOKEN).push(Buffer.from(frameHeader(TOKEN, 2 ** 40)))).toEqual([
    { kind: "fault", fault: "too_large" },
  ]);
});

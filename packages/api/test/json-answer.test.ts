// Large answers go out as their clients read them.

import { ManualClock } from "@memodag/core/testing";
import { expect, it } from "vitest";
import { inPieces } from "../src/json-answer.ts";

const BYTES = new Uint8Array(1_000_000);

it("an answer that is read to its end has been sent once, however long each read takes", async () => {
  const clock = new ManualClock();
  let sent = 0;
  const reader = inPieces(BYTES, () => (sent += 1), clock).getReader();
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    clock.advance(59_000);
  }
  clock.advance(600_000);
  expect([length, sent]).toEqual([BYTES.length, 1]);
});

it("a client that stops reading is given up after a minute, and one that leaves at once", async () => {
  const clock = new ManualClock();
  let sent = 0;
  const stalled = inPieces(BYTES, () => (sent += 1), clock).getReader();
  await stalled.read();
  clock.advance(61_000);
  expect(sent).toBe(1);
  await expect(stalled.closed).rejects.toThrow("read nothing for 60000 ms");
  await inPieces(BYTES, () => (sent += 1), clock).cancel();
  expect(sent).toBe(2);
});

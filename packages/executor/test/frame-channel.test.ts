import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameChannel } from "../src/frame-channel.ts";
import { encodeFrame, type Frame } from "../src/frame.ts";

interface Heard {
  readonly frames: Frame[];
  readonly broken: string[];
}

/** What is heard of bytes that come in these pieces. */
function feed(chunks: readonly Uint8Array[]): Heard {
  const stream = new PassThrough();
  const heard: Heard = { frames: [], broken: [] };
  void new FrameChannel(stream, {
    onFrame: ({ message, blobs }) => {
      heard.frames.push({ message, blobs: blobs.map((blob) => Uint8Array.from(blob)) });
    },
    onBroken: (reason) => heard.broken.push(reason),
    onClose: () => undefined,
  });
  for (const chunk of chunks) stream.emit("data", Buffer.from(chunk));
  return heard;
}

const encode = (message: unknown, blobs: Uint8Array[] = []): Buffer =>
  Buffer.concat(encodeFrame({ message, blobs }));

/** A body behind its own length. */
const raw = (...body: number[]): Buffer => Buffer.from([0, 0, 0, body.length, ...body]);

describe("FrameChannel", () => {
  it("gives back every frame in order, however the bytes are cut", () => {
    const frame = fc.record({
      message: fc.jsonValue({ noUnicodeString: false }),
      blobs: fc.array(fc.uint8Array()),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(({ message, blobs }) => encode(message, blobs)));
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = cuts.next().value ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const expected = frames.map(({ message, blobs }) => ({
            message: JSON.parse(JSON.stringify(message)) as unknown,
            blobs,
          }));
          expect(feed(chunks)).toEqual({ frames: expected, broken: [] });
        },
      ),
    );
  });

  it("takes printable text for broken by its first four bytes", () => {
    for (const text of ["    ", "hello", "~~~~"]) {
      expect(feed([Buffer.from(text)])).toEqual({ frames: [], broken: [expect.any(String)] });
    }
  });

  it.each([
    ["no room for the JSON's length", raw(1)],
    ["JSON longer than the frame", raw(0, 0, 0, 9, 91)],
    ["what is no JSON", raw(0, 0, 0, 1, 120)],
    ["JSON of another shape", raw(0, 0, 0, 2, 123, 125)],
    ["fewer bytes than its blobs have", raw(0, 0, 0, 7, ...Buffer.from("[1,[9]]"))],
    ["more bytes than its blobs have", raw(0, 0, 0, 6, ...Buffer.from("[1,[]]"), 7)],
    ["a blob of a negative length", raw(0, 0, 0, 8, ...Buffer.from("[1,[-1]]"))],
  ])("reads nothing more after a frame with %s", (_name, bytes) => {
    const heard = feed([Buffer.concat([encode(1), bytes, encode(2)])]);
    expect(heard).toEqual({ frames: [{ message: 1, blobs: [] }], broken: [expect.any(String)] });
  });

  it("does not survive arbitrary bytes by throwing", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        expect(feed(chunks).broken.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("encodeFrame", () => {
  it("refuses what the other side would not take", () => {
    const frame = { message: null, blobs: [new Uint8Array(1_000)] };
    expect(() => encodeFrame(frame, 1_000)).toThrow(RangeError);
    expect(encodeFrame(frame, 1_100)).toHaveLength(3);
  });
});

// Answers in JSON, with an ETag by which a client need not read twice what has not changed.

import { JSON_TYPE } from "@memodag/api-contract";
import { sha256, systemClock, type CancelTimer, type Clock } from "@memodag/core";
import type { Context } from "hono";

const TAG_DIGITS = 32;

interface Written {
  readonly body: string;
  readonly tag: string;
}

/** Of answers that go to several clients. */
const WRITTEN = new WeakMap<object, Written>();

function writtenOf(value: unknown): Written {
  const known = typeof value === "object" && value !== null ? WRITTEN.get(value) : undefined;
  if (known) return known;
  const body = JSON.stringify(value);
  const written = { body, tag: `"${sha256(body).slice(0, TAG_DIGITS)}"` };
  if (typeof value === "object" && value !== null) WRITTEN.set(value, written);
  return written;
}

/** Bytes that are written at a time. */
const PIECE_BYTES = 262_144;

/**
 * Returns the answer, or 304 if the client has it.
 * @param isPrivate nothing may keep it: it has values of users
 * @param onSent called when nothing of it is needed any more
 */
export function answerJson(
  c: Context,
  value: unknown,
  isPrivate: boolean,
  onSent: () => void = () => undefined,
): Response {
  const { body, tag } = writtenOf(value);
  const headers = { etag: tag, "cache-control": isPrivate ? "private, no-store" : "private, no-cache" };
  const known = c.req
    .header("if-none-match")
    ?.split(",")
    .map((text) => text.trim().replace(/^W\//, ""));
  const isKnown = known?.includes(tag) === true;
  if (!isKnown && c.req.method !== "HEAD" && body.length > PIECE_BYTES) {
    const bytes = Buffer.from(body);
    return new Response(inPieces(bytes, onSent), {
      headers: { ...headers, "content-type": JSON_TYPE, "content-length": String(bytes.length) },
    });
  }
  onSent();
  if (isKnown) return new Response(null, { status: 304, headers });
  return new Response(body, { headers: { ...headers, "content-type": JSON_TYPE } });
}

/** Milliseconds without a read after which a client is given up: it keeps others from their answers. */
const STALLED_MS = 60_000;

/** As fast as the client reads: nothing is copied into the buffers of its connection before. */
export function inPieces(
  bytes: Uint8Array<ArrayBuffer>,
  onSent: () => void,
  clock: Pick<Clock, "after"> = systemClock,
): ReadableStream<Uint8Array> {
  let at = 0;
  let cancelTimer: CancelTimer = () => undefined;
  const end = (): void => {
    cancelTimer();
    onSent();
  };
  return new ReadableStream({
    pull(controller) {
      cancelTimer();
      controller.enqueue(bytes.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
      if (at >= bytes.length) {
        controller.close();
        end();
        return;
      }
      cancelTimer = clock.after(STALLED_MS, () => {
        controller.error(new Error(`the client has read nothing for ${STALLED_MS} ms`));
        end();
      });
    },
    cancel: end,
  });
}

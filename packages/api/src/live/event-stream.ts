// Answers that do not end: server-sent events.

import { EVENTS_TYPE } from "@memodag/api-contract";

/** Returns a response that sends the events; the generator ends when the client is gone. */
export function eventStream(events: AsyncGenerator<string>): Response {
  const body = ReadableStream.from(events).pipeThrough(new TextEncoderStream());
  return new Response(body, {
    headers: { "content-type": EVENTS_TYPE, "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

/** Milliseconds after which a browser that lost the connection asks again. */
export const RETRY_LINE = "retry: 2000\n\n";

/** A comment, which keeps proxies from ending a silent connection. */
export const SILENCE_LINE = ": waiting\n\n";

/** Milliseconds of silence after which {@link SILENCE_LINE} is sent. */
export const SAY_EVERY_MS = 15_000;

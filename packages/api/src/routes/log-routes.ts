// Logs: parts of them by range, and as a stream of events while they are written.

import { OWN_ROUTES } from "@memodag/api-contract";
import type { Clock } from "@memodag/core";
import { openAttemptLog, type AttemptLogInput, type OpenLog } from "@memodag/operations/tasks";
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
import type { Principal } from "../principal.ts";
import { readRange } from "../byte-range.ts";
import { eventStream, RETRY_LINE, SAY_EVERY_MS, SILENCE_LINE } from "../live/event-stream.ts";
import { ApiProblem } from "../problem.ts";
import { InputReader } from "../read-input.ts";
import { toPattern } from "./operation-routes.ts";

/** Milliseconds between looks at a log that is written. */
const LOOK_EVERY_MS = 500;

/** Bytes of one event, at most. */
const MOST_EVENT_BYTES = 65_536;

/** Adds the routes. */
export function addLogRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { context, clock, closing, limits } = parts;
  const read = OWN_ROUTES["logs.read"];
  const readInput = new InputReader<AttemptLogInput>(read, z.strictObject(read.parameters));
  app.get(toPattern(read.path), async (c) => {
    const { team } = await allow(c, parts);
    const input = await readInput.read(c, read.path);
    const log = await openAttemptLog(context, { ...input, team });
    return await answerRange(c, log);
  });
  const follow = OWN_ROUTES["logs.follow"];
  const followInput = new InputReader<AttemptLogInput & { from?: number }>(
    follow,
    z.strictObject(follow.parameters),
  );
  app.get(toPattern(follow.path), async (c) => {
    const { team, principal } = await allow(c, parts);
    const { from = 0, ...input } = await followInput.read(c, follow.path);
    const log = await openAttemptLog(context, { ...input, team });
    const last = Number(c.req.header("last-event-id") ?? from);
    const start = Number.isSafeInteger(last) && last >= 0 ? last : from;
    const signal = AbortSignal.any([c.req.raw.signal, closing]);
    return eventStream(logEvents(log, start, { clock, signal, close: limits.openStream(principal) }));
  });
}

async function allow(
  c: Context<ApiEnv>,
  { authenticator }: ApiParts,
): Promise<{ team: string; principal: Principal }> {
  const principal = await authenticator.principalOf(c);
  const team = c.req.param("team") ?? "";
  authorize(principal, { role: "viewer", team, hasValues: true });
  return { team, principal };
}

async function answerRange(c: Context, log: OpenLog): Promise<Response> {
  const size = await log.size();
  if (size === undefined)
    throw new ApiProblem(404, "api_not_found", "There is no log: no process ran, or its log was removed");
  const range = readRange(c.req.header("range"), size);
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "private, no-store",
    "accept-ranges": "bytes",
    // A browser that opens it in a window of its own runs nothing of it.
    "content-security-policy": "sandbox; default-src 'none'",
  };
  if (range === "none")
    return new Response(ReadableStream.from(log.read({ from: 0, to: size })), {
      headers: { ...headers, "content-length": String(size) },
    });
  if (range === "unsatisfiable")
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}` } });
  const { from, to } = range;
  return new Response(ReadableStream.from(log.read({ from, to })), {
    status: 206,
    headers: {
      ...headers,
      "content-length": String(to - from),
      "content-range": `bytes ${from}-${to - 1}/${size}`,
    },
  });
}

/** Yields events until the attempt has ended and all of its log has been sent. */
async function* logEvents(
  log: OpenLog,
  start: number,
  { clock, signal, close }: { readonly clock: Clock; readonly signal: AbortSignal; close(): void },
): AsyncGenerator<string> {
  try {
    yield RETRY_LINE;
    yield* piecesOf(log, start, clock, signal);
  } finally {
    close();
  }
}

async function* piecesOf(
  log: OpenLog,
  start: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let at = start;
  let silentMs = 0;
  for (;;) {
    // Asked before the log is read: what is written before the end is read after it.
    const isOver = await log.isOver();
    for await (const { text, next } of textFrom(log, at)) {
      at = next;
      silentMs = 0;
      yield `id: ${at}\ndata: ${JSON.stringify({ text })}\n\n`;
      if (signal.aborted) return;
    }
    if (isOver) {
      yield `event: end\nid: ${at}\ndata: {}\n\n`;
      return;
    }
    await pause(clock, LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    silentMs += LOOK_EVERY_MS;
    if (silentMs < SAY_EVERY_MS) continue;
    silentMs = 0;
    yield SILENCE_LINE;
  }
}

/** Yields the text from a byte on, in pieces that end between characters, each with the byte after it. */
async function* textFrom(log: OpenLog, from: number): AsyncGenerator<{ text: string; next: number }> {
  let next = from;
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of log.read({ from })) {
    let bytes: Uint8Array = Buffer.concat([rest, chunk]);
    while (bytes.length > 0) {
      const whole = wholeCharacters(bytes.subarray(0, MOST_EVENT_BYTES));
      if (whole === 0) break;
      next += whole;
      yield { text: new TextDecoder().decode(bytes.subarray(0, whole)), next };
      bytes = bytes.subarray(whole);
    }
    rest = bytes;
  }
}

const LONGEST_CHARACTER = 4;

/** Returns the number of bytes up to the last whole character. Bytes that are no UTF-8 are whole as they are. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(LONGEST_CHARACTER, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener(
      "abort",
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}

// Reads the bodies of requests, each with a limit of its own.

import type { IncomingMessage } from "node:http";
import { messageOf } from "@memodag/core";
import { FrameDecoder, type Frame, type FrameLimits } from "@memodag/executor/frames";
import { ApiProblem } from "./problem.ts";

/** Returns the bytes of a body. @throws ApiProblem 413 */
export async function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return await collectBytes(chunksOf(incoming, maxBytes));
}

/** Returns all bytes of some chunks. */
export async function collectBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Returns the value of a JSON body. @throws ApiProblem 400, 413 */
export async function readJson(incoming: IncomingMessage, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(incoming, maxBytes);
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as unknown;
  } catch (error) {
    throw badRequest(`the body is not JSON (${messageOf(error)})`);
  }
}

/** Returns the frame that a body is. Lengths above the limits are refused before memory is allocated. @throws ApiProblem */
export async function readFrame(incoming: IncomingMessage, limits: FrameLimits): Promise<Frame> {
  return await withFrame(incoming, limits, async ({ chunks }) => {
    const decoder = new FrameDecoder(limits);
    let frame: Frame | undefined;
    for await (const chunk of chunks) frame = refusing(() => decoder.next(chunk));
    if (!frame) throw endsEarly();
    return frame;
  });
}

/** A frame whose head has been read. */
export interface OpenFrame {
  /** Without the bytes of its blobs. */
  readonly head: Frame;
  /** The length of the whole frame. */
  readonly sizeBytes: number;
  /** The bytes of the whole frame, as they come. @throws ApiProblem if the body does not end where the frame does */
  readonly chunks: AsyncGenerator<Uint8Array>;
}

/** Does something with the frame that a body is, whose blobs may be still to come. @throws ApiProblem */
export async function withFrame<T>(
  incoming: IncomingMessage,
  limits: FrameLimits,
  work: (frame: OpenFrame) => Promise<T>,
): Promise<T> {
  const decoder = new FrameDecoder(limits);
  const body = chunksOf(incoming, limits.frameBytes);
  const read: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value: chunk } = await body.next();
      if (done) throw endsEarly();
      read.push(chunk);
      const head = refusing(() => decoder.nextHead(chunk));
      if (!head) continue;
      const { message, blobLengths, frameBytes: sizeBytes } = head;
      const blobs = blobLengths.map(() => NO_BYTES);
      return await work({ head: { message, blobs }, sizeBytes, chunks: wholeOf(sizeBytes, read, body) });
    }
  } finally {
    await body.return(undefined);
  }
}

const NO_BYTES = new Uint8Array();

/** The chunks that were read, and the rest of the body. */
async function* wholeOf(
  sizeBytes: number,
  read: Uint8Array[],
  body: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  const count = (chunk: Uint8Array): Uint8Array => {
    length += chunk.length;
    if (length > sizeBytes) throw badRequest("the body goes on after its frame");
    return chunk;
  };
  for (const chunk of read.splice(0)) yield count(chunk);
  for await (const chunk of body) yield count(chunk);
  if (length < sizeBytes) throw endsEarly();
}

function endsEarly(): ApiProblem {
  return badRequest("the body ends before its frame does");
}

function refusing<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RangeError) throw new ApiProblem(413, "worker_request_invalid", error.message);
    throw badRequest(messageOf(error));
  }
}

/** The answer to a body that is not what the route takes. */
export function badRequest(what: string): ApiProblem {
  return new ApiProblem(400, "worker_request_invalid", `The request is not of the protocol: ${what}`);
}

/** Reads and drops the rest of a body that is refused: a client that still sends it would not read the answer. */
async function* chunksOf(incoming: IncomingMessage, maxBytes: number): AsyncGenerator<Uint8Array> {
  try {
    if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    let length = 0;
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } finally {
    incoming.resume();
  }
}

function tooLarge(maxBytes: number): ApiProblem {
  return new ApiProblem(413, "worker_request_invalid", `The body has more than ${maxBytes} bytes`);
}

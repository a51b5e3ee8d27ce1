// Reads the bodies of requests, each with a limit of its own.

import type { IncomingMessage } from "node:http";
import { messageOf } from "@memodag/core";
import { FrameDecoder, type Frame, type FrameLimits } from "@memodag/executor/frames";
import { ApiProblem } from "./problem.ts";

/** Returns the bytes of a body. @throws ApiProblem 413 */
export async function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(incoming, maxBytes)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
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
  const decoder = new FrameDecoder(limits);
  let frame: Frame | undefined;
  for await (const chunk of chunksOf(incoming, limits.frameBytes)) {
    if (frame) throw badRequest("the body goes on after its frame");
    frame = nextOf(decoder, chunk);
  }
  if (!frame) throw badRequest("the body ends before its frame does");
  if (nextOf(decoder)) throw badRequest("the body goes on after its frame");
  return frame;
}

function nextOf(decoder: FrameDecoder, chunk?: Uint8Array): Frame | undefined {
  try {
    return decoder.next(chunk);
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
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } finally {
    incoming.resume();
  }
}

function tooLarge(maxBytes: number): ApiProblem {
  return new ApiProblem(413, "worker_request_invalid", `The body has more than ${maxBytes} bytes`);
}

// Distinguishes a loader's messages from anything else that is written to its descriptor: each has a
// header line with a token that the Dag file cannot know and the length of the JSON that follows.

/** The descriptor of the loader's process that carries its request and its answers. */
export const CHANNEL_FD = 3;

/** The exit code of a loader that cannot answer because its descriptor was closed or reused. */
export const CHANNEL_LOST = 97;

/** Maximum length of a message in bytes: the Dags of one file as JSON. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
const MAX_HEADER_BYTES = 128;

/** Returns the header line of a message with that length. */
export function frameHeader(token: string, length: number): string {
  return `${token} ${length}\n`;
}

/** Data that is not a message of the loader. */
export type FrameFault = "foreign" | "too_large";

/** A message or fault in the bytes received so far. */
export type FrameEvent =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "fault"; readonly fault: FrameFault };

/** Assembles messages from chunks. After a fault it ignores all further input. */
export class FrameReader {
  readonly #token: string;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 1;
  #failed = false;

  constructor(token: string) {
    this.#token = token;
  }

  push(chunk: Buffer): FrameEvent[] {
    if (this.#failed) return [];
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const events: FrameEvent[] = [];
    // A message of many chunks is assembled once.
    while (!this.#failed && this.#length >= this.#needed) {
      const bytes = Buffer.concat(this.#chunks);
      const event = this.#take(bytes);
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  #take(bytes: Buffer): FrameEvent | undefined {
    this.#chunks = [bytes];
    const end = bytes.indexOf(10);
    if (end < 0 && bytes.length < MAX_HEADER_BYTES) {
      this.#needed = bytes.length + 1;
      return undefined;
    }
    const [token, length] = bytes.toString("latin1", 0, Math.max(end, 0)).split(" ");
    if (token !== this.#token || length === undefined || !/^\d+$/.test(length)) return this.#fail("foreign");
    if (Number(length) > MAX_FRAME_BYTES) return this.#fail("too_large");
    const start = end + 1;
    this.#needed = start + Number(length);
    if (bytes.length < this.#needed) return undefined;
    const text = bytes.toString("utf8", start, this.#needed);
    this.#chunks = [bytes.subarray(this.#needed)];
    this.#length = bytes.length - this.#needed;
    this.#needed = 1;
    return { kind: "message", text };
  }

  #fail(fault: FrameFault): FrameEvent {
    this.#failed = true;
    this.#chunks = [];
    return { kind: "fault", fault };
  }
}

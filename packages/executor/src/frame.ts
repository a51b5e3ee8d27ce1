// Frames: JSON and, apart from it, bytes, over a stream between an executor and its worker.
//
// Node's own IPC throws in the parent, past every handler, when a child writes bytes to the channel that
// are no message: a handler that prints to the wrong descriptor would end the scheduler. Here such bytes
// break one channel. Values go as JSON because loading `node:v8` takes a worker longer than a small task.

/** What is sent at once. */
export interface Frame {
  /** Of the JSON domain. */
  readonly message: unknown;
  readonly blobs: readonly Uint8Array[];
}

/**
 * Longest frame in bytes: 512 MiB. As a length it begins with the byte 0x20, so that printable text
 * on the channel is known for what it is by its first four bytes.
 */
export const MAX_FRAME_BYTES = 0x2000_0000;

const LENGTH_BYTES = 4;

/**
 * A frame as bytes, in chunks to be written one after the other: the length of what follows, the length
 * of the JSON, the JSON (the message and the blobs' lengths), the blobs.
 * @throws RangeError when it is longer than `maxBytes`.
 */
export function encodeFrame({ message, blobs }: Frame, maxBytes: number = MAX_FRAME_BYTES): Uint8Array[] {
  const json = Buffer.from(JSON.stringify([message, blobs.map((blob) => blob.length)]));
  const length = blobs.reduce((sum, blob) => sum + blob.length, LENGTH_BYTES + json.length);
  if (length > maxBytes) throw new RangeError(`${length} bytes are over the limit of ${maxBytes}`);
  const lengths = Buffer.allocUnsafe(2 * LENGTH_BYTES);
  lengths.writeUInt32BE(length);
  lengths.writeUInt32BE(json.length, LENGTH_BYTES);
  return [lengths, json, ...blobs];
}

/** Finds frames in bytes that come in pieces. */
export class FrameDecoder {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #neededBytes = LENGTH_BYTES;

  constructor(maxBytes: number = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a piece and gives the next frame that it completes; to be called without a piece until there
   * is none.
   * @throws RangeError or SyntaxError when the bytes are no frames; nothing after it can be read.
   */
  next(chunk?: Uint8Array): Frame | undefined {
    if (chunk) {
      this.#chunks.push(chunk);
      this.#bufferedBytes += chunk.length;
    }
    if (this.#bufferedBytes < this.#neededBytes) return undefined;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    const length = bytes.readUInt32BE();
    if (length > this.#maxBytes) throw new RangeError(`a frame claims ${length} bytes`);
    this.#neededBytes = LENGTH_BYTES + length;
    if (bytes.length < this.#neededBytes) return undefined;
    this.#chunks = [bytes.subarray(this.#neededBytes)];
    this.#bufferedBytes = bytes.length - this.#neededBytes;
    const frame = decodeFrame(bytes.subarray(LENGTH_BYTES, this.#neededBytes));
    this.#neededBytes = LENGTH_BYTES;
    return frame;
  }
}

function decodeFrame(body: Buffer): Frame {
  // Reading past the end throws a RangeError, as a frame that is too short must.
  const jsonEnd = LENGTH_BYTES + body.readUInt32BE();
  const decoded: unknown = JSON.parse(body.toString("utf8", LENGTH_BYTES, jsonEnd));
  if (!Array.isArray(decoded) || !Array.isArray(decoded[1])) throw new SyntaxError("a frame without lengths");
  const blobs: Uint8Array[] = [];
  let at = jsonEnd;
  for (const length of decoded[1] as unknown[]) {
    if (!Number.isSafeInteger(length) || (length as number) < 0) throw new SyntaxError("a blob of no length");
    const end = at + (length as number);
    blobs.push(body.subarray(at, end));
    at = end;
  }
  if (at !== body.length) throw new RangeError("a frame whose parts are not as long as it is");
  return { message: decoded[0], blobs };
}

// Frames: JSON, and bytes separate from it, over a stream between an executor and its worker.
//
// Node's own IPC throws in the parent, where it cannot be caught, if a child writes invalid bytes to the
// channel: a handler that prints to the wrong descriptor would end the scheduler. Here such bytes only
// break one channel. Messages are JSON because loading `node:v8` takes a worker longer than a small task.

/** A unit of transmission. */
export interface Frame {
  /** Any JSON value. */
  readonly message: unknown;
  readonly blobs: readonly Uint8Array[];
}

/**
 * Maximum length of a frame in bytes: 512 MiB. As a length it begins with the byte 0x20, so that
 * printable text on the channel is recognized by its first four bytes.
 */
export const MAX_FRAME_BYTES = 0x2000_0000;

const LENGTH_BYTES = 4;

/**
 * Encodes a frame in chunks to be written in order: the length of the rest, the length of the JSON, the
 * JSON
 * (the message and the lengths of the blobs), the blobs.
 * @throws RangeError if it is longer than `maxBytes`
 */
export function encodeFrame({ message, blobs }: Frame, maxBytes: number = MAX_FRAME_BYTES): Uint8Array[] {
  const lengths = blobs.map((blob) => blob.length);
  return [...encodeHead(message, lengths, maxBytes), ...blobs];
}

/** Encodes what comes before the blobs of a frame, by their lengths. @throws RangeError if the frame is longer than `maxBytes` */
export function encodeHead(
  message: unknown,
  blobLengths: readonly number[],
  maxBytes: number = MAX_FRAME_BYTES,
): Uint8Array[] {
  const json = Buffer.from(JSON.stringify([message, blobLengths]));
  const length = blobLengths.reduce((sum, size) => sum + size, LENGTH_BYTES + json.length);
  if (length > maxBytes) throw new RangeError(`${length} bytes are over the limit of ${maxBytes}`);
  const lengths = Buffer.allocUnsafe(2 * LENGTH_BYTES);
  lengths.writeUInt32BE(length);
  lengths.writeUInt32BE(json.length, LENGTH_BYTES);
  return [lengths, json];
}

/** Limits of a frame. A length above its limit is rejected before memory is allocated. */
export interface FrameLimits {
  readonly frameBytes: number;
  readonly jsonBytes: number;
  /** Applies to each blob. */
  readonly blobBytes: number;
}

/** The part of a frame before its blobs. */
export interface FrameHead {
  readonly message: unknown;
  readonly blobLengths: readonly number[];
  /** Where the blobs begin. */
  readonly headBytes: number;
  /** The length of the whole frame. */
  readonly frameBytes: number;
}

const NO_LIMITS: FrameLimits = {
  frameBytes: MAX_FRAME_BYTES,
  jsonBytes: MAX_FRAME_BYTES,
  blobBytes: MAX_FRAME_BYTES,
};

/** Decodes frames from chunks of bytes. */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  #bytes: Buffer = Buffer.alloc(0);
  /** Bytes that have been received but not decoded are between these two offsets. */
  #start = 0;
  #end = 0;
  #head: FrameHead | undefined;

  constructor(limits: FrameLimits = NO_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Adds a chunk and returns the next frame that it completes. Call it without a chunk until it returns
   * nothing.
   * @throws RangeError or SyntaxError if the bytes are not frames; nothing after them can be read
   */
  next(chunk?: Uint8Array): Frame | undefined {
    const head = this.nextHead(chunk);
    if (!head || this.#end < this.#start + head.frameBytes) return undefined;
    let at = this.#start + head.headBytes;
    this.#head = undefined;
    this.#start += head.frameBytes;
    return {
      message: head.message,
      blobs: head.blobLengths.map((size) => this.#bytes.subarray(at, (at += size))),
    };
  }

  /** Adds a chunk, and returns the head of the next frame once that is there, perhaps long before its blobs. */
  nextHead(chunk?: Uint8Array): FrameHead | undefined {
    if (chunk) this.#append(chunk);
    this.#head ??= this.#readHead();
    return this.#head;
  }

  #claimAt(offset: number): number | undefined {
    const at = this.#start + offset;
    return this.#end < at + LENGTH_BYTES ? undefined : this.#bytes.readUInt32BE(at);
  }

  #readHead(): FrameHead | undefined {
    const length = this.#claimAt(0);
    if (length === undefined) return undefined;
    if (length > this.#limits.frameBytes) throw new RangeError(`a frame claims ${length} bytes`);
    const jsonLength = this.#claimAt(LENGTH_BYTES);
    if (length < LENGTH_BYTES) throw new RangeError("a frame that is too short");
    if (jsonLength === undefined) return undefined;
    if (jsonLength > Math.min(length - LENGTH_BYTES, this.#limits.jsonBytes)) {
      throw new RangeError(`the message of a frame claims ${jsonLength} bytes`);
    }
    const headBytes = 2 * LENGTH_BYTES + jsonLength;
    if (this.#end < this.#start + headBytes) return undefined;
    const json = this.#bytes.toString("utf8", this.#start + 2 * LENGTH_BYTES, this.#start + headBytes);
    const { message, blobLengths } = this.#parseHead(json, length - LENGTH_BYTES - jsonLength);
    return { message, blobLengths, headBytes, frameBytes: LENGTH_BYTES + length };
  }

  #parseHead(json: string, blobBytes: number): Pick<FrameHead, "message" | "blobLengths"> {
    const decoded: unknown = JSON.parse(json);
    if (!Array.isArray(decoded) || !Array.isArray(decoded[1]))
      throw new SyntaxError("a frame without lengths");
    const blobLengths = decoded[1] as unknown[];
    let sum = 0;
    for (const length of blobLengths) {
      if (!Number.isSafeInteger(length) || (length as number) < 0)
        throw new SyntaxError("a blob of no length");
      if ((length as number) > this.#limits.blobBytes)
        throw new RangeError(`a value claims ${String(length)} bytes`);
      sum += length as number;
    }
    if (sum !== blobBytes) throw new RangeError("a frame whose parts are not as long as it is");
    return { message: decoded[0], blobLengths: blobLengths as number[] };
  }

  /** Bytes that were returned before are below `#start`, and are never overwritten. */
  #append(chunk: Uint8Array): void {
    const used = this.#end - this.#start;
    if (used === 0) {
      this.#bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    // A chunk that was taken as is has no room after it.
    if (this.#end + chunk.length > this.#bytes.length) {
      // Twice what has been received, whatever length is claimed, so that many small chunks cost no more
      // than one.
      const grown = Buffer.allocUnsafeSlow(2 * (used + chunk.length));
      this.#bytes.copy(grown, 0, this.#start, this.#end);
      this.#bytes = grown;
      this.#start = 0;
      this.#end = used;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

// The worker's end of the channel to its executor.
//
// The first frames and a quick outcome use blocking calls, because loading `node:net` takes longer than a
// small task. Only a worker that lives long enough listens.

import { readSync, writeSync } from "node:fs";
import { encodeFrame, FrameDecoder, type Frame } from "../frame.ts";
import { FrameChannel, type FrameListener } from "../frame-channel.ts";
import { CHANNEL_FD, toExecutorFrame, type Answer, type Question } from "../protocol.ts";

const CHUNK_BYTES = 64 * 1024;

/** The channel of this process. */
export class ExecutorLink {
  #channel: FrameChannel | undefined;
  /** May have the beginning of the next frame, or all of it. */
  readonly #decoder = new FrameDecoder();
  /** Pending questions. */
  readonly #asking = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  /** Waits for the next frame; `undefined` if the executor ended before it. Blocks the process. */
  receive(): Frame | undefined {
    let frame = this.#decoder.next();
    while (!frame) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(CHANNEL_FD, chunk);
      if (length === 0) return undefined;
      frame = this.#decoder.next(chunk.subarray(0, length));
    }
    return frame;
  }

  /** Listens for all further frames. May be called repeatedly. */
  listen(listener: FrameListener): void {
    if (this.#channel) return;
    const { Socket } = process.getBuiltinModule("node:net");
    this.#channel = new FrameChannel(new Socket({ fd: CHANNEL_FD }), listener, this.#decoder);
  }

  /** True once it listens: it cannot block any more. */
  get isListening(): boolean {
    return this.#channel !== undefined;
  }

  /** True while the executor may write an answer. */
  get isAsking(): boolean {
    return this.#asking.size > 0;
  }

  /** Asks the executor. Requires {@link listen}. */
  ask(question: Question): Promise<Answer> {
    const id = (this.#questions += 1);
    return new Promise((resolve) => {
      this.#asking.set(id, resolve);
      this.send(toExecutorFrame({ kind: "question", id, question }), () => undefined);
    });
  }

  /** Delivers an answer. */
  takeAnswer(id: number, answer: Answer): void {
    this.#asking.get(id)?.(answer);
    this.#asking.delete(id);
  }

  /**
   * Sends a frame and calls `onSent` when it has been written.
   * @throws RangeError if it is too long; nothing is sent
   */
  send(frame: Frame, onSent: () => void): void {
    if (this.#channel) {
      this.#channel.send(frame, onSent);
      return;
    }
    for (const chunk of encodeFrame(frame)) writeAll(chunk);
    onSent();
  }
}

function writeAll(chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length;) written += writeSync(CHANNEL_FD, chunk, written);
}

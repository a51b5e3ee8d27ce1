// Sends and receives frames over a stream.

import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf } from "@memodag/core";
import { encodeFrame, FrameDecoder, type Frame, type FrameLimits } from "./frame.ts";

/** Receives incoming frames. */
export interface FrameListener {
  /** A frame with an unvalidated message. */
  onFrame(frame: Frame): void;
  /** The bytes are not frames; nothing more is read. */
  onBroken(reason: string): void;
  /** The other side has closed, or has ended. Always the last call. */
  onClose(): void;
}

/** Turns after which a peer that never stops writing is no longer waited for. */
const MOST_TURNS = 64;

/** Sends and receives frames. */
export class FrameChannel {
  readonly #stream: Duplex;
  readonly #listener: FrameListener;
  readonly #decoder: FrameDecoder;
  #isBroken = false;
  #chunks = 0;

  /**
   * `limits` apply to incoming frames. Default: the maximum that can be sent. A decoder in their place has what came
   * before the stream was read.
   */
  constructor(stream: Duplex, listener: FrameListener, limits?: FrameLimits | FrameDecoder) {
    this.#decoder = limits instanceof FrameDecoder ? limits : new FrameDecoder(limits);
    this.#stream = stream;
    this.#listener = listener;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    // A killed peer causes a reset; `close` follows and is sufficient.
    stream.on("error", () => undefined);
    stream.on("close", () => listener.onClose());
    if (limits instanceof FrameDecoder) this.#take();
  }

  /**
   * Sends a frame. `onSent` is called when the operating system of the other side has received all of it,
   * or never.
   * @throws RangeError if it is longer than a frame may be; nothing is sent
   */
  send(frame: Frame, onSent?: () => void): void {
    const chunks = encodeFrame(frame);
    this.#stream.cork();
    for (const chunk of chunks.slice(0, -1)) this.#stream.write(chunk);
    this.#stream.write(chunks.at(-1), (error) => {
      if (!error) onSent?.();
    });
    this.#stream.uncork();
  }

  /** Pauses or resumes reading. While paused, data waits on the other side. */
  listen(isListening: boolean): void {
    if (isListening) this.#stream.resume();
    else this.#stream.pause();
  }

  /**
   * Resolves when everything has been received that had arrived before the call. Reading must not be paused.
   * No time is enough for that: when an event loop is late, its timers are due before it reads again.
   */
  async drain(): Promise<void> {
    for (let turn = 0, before = -1; turn < MOST_TURNS && before !== this.#chunks; turn += 1) {
      before = this.#chunks;
      // The current turn may be past this channel; the next one reads all that is there.
      await nextTurn();
      await nextTurn();
    }
  }

  /** Closes the channel. */
  close(): void {
    this.#stream.destroy();
  }

  #take(chunk?: Buffer): void {
    this.#chunks += 1;
    if (this.#isBroken) return;
    try {
      for (let frame = this.#decoder.next(chunk); frame; frame = this.#decoder.next()) {
        this.#listener.onFrame(frame);
      }
    } catch (error) {
      this.#isBroken = true;
      this.#listener.onBroken(messageOf(error));
    }
  }
}

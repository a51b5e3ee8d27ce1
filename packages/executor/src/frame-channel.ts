// Frames over a stream, both ways.

import type { Duplex } from "node:stream";
import { messageOf } from "@memodag/core";
import { encodeFrame, FrameDecoder, type Frame, type FrameLimits } from "./frame.ts";

/** Who hears what comes in. */
export interface FrameListener {
  /** A frame with a message of any shape: the listener validates it. */
  onFrame(frame: Frame): void;
  /** The bytes are no frames; nothing more is read. */
  onBroken(reason: string): void;
  /** The other side has closed, or is gone. Always the last call. */
  onClose(): void;
}

/** Sends and receives frames. */
export class FrameChannel {
  readonly #stream: Duplex;
  readonly #listener: FrameListener;
  readonly #decoder: FrameDecoder;
  #isBroken = false;

  /** `limits` hold for what comes in; as much as can be sent unless said otherwise. */
  constructor(stream: Duplex, listener: FrameListener, limits?: FrameLimits) {
    this.#decoder = new FrameDecoder(limits);
    this.#stream = stream;
    this.#listener = listener;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    // A reset is how a killed peer looks; `close` follows and says all there is to say.
    stream.on("error", () => undefined);
    stream.on("close", () => listener.onClose());
  }

  /**
   * Sends a frame; `onSent` is called when the other side's system has all of it, or never.
   * @throws RangeError when it is longer than a frame may be; nothing is sent.
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

  /** Hears nothing more, or hears on: what is sent meanwhile waits on the other side. */
  listen(isListening: boolean): void {
    if (isListening) this.#stream.resume();
    else this.#stream.pause();
  }

  /** Gives the channel up. */
  close(): void {
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
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

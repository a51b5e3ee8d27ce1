// Sends the log of an attempt to the API as it grows, each second or 64 KiB, and all of it before the outcome.

import { open, rm, stat } from "node:fs/promises";
import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { LogReply } from "@memodag/worker-api/protocol";
import { ApiRefusal, parseBody, type ApiClient } from "./api-client.ts";
import { persist } from "./persist.ts";

/** Options of {@link LogShipper}. */
export interface LogShipperOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly attemptId: string;
  readonly path: string;
  readonly maxBytes: number;
  /** The name of this host, for the line that ends a log that is too long. */
  readonly hostName: string;
  /** True: the attempt is not this host's any more. */
  readonly isOver: () => boolean;
}

const EVERY_MS = 1_000;
const PART_BYTES = 65_536;
/** A part when more has gathered. */
const LARGEST_PART_BYTES = 524_288;

/** Sends one attempt's part of a log file: what is in it already is of another attempt at the same try. */
export class LogShipper {
  readonly #options: LogShipperOptions;
  /** Where the attempt's part begins in the file. */
  #base = 0;
  #sent = 0;
  #isFull = false;
  #isStopped = false;
  #cancelTimer: CancelTimer = () => undefined;
  #shipping: Promise<void> = Promise.resolve();

  constructor(options: LogShipperOptions) {
    this.#options = options;
  }

  /** Call it before the attempt begins. */
  async start(): Promise<void> {
    this.#base = await this.#size();
    this.#wait();
  }

  /** Sends all that is left. Never rejects: no attempt fails because its log cannot be sent. */
  async finish(): Promise<void> {
    this.#cancelTimer();
    await this.#shipping;
    await this.#ship(true);
    this.#isStopped = true;
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  /** Deletes the file if all of it was sent. */
  async discard(): Promise<void> {
    const { path } = this.#options;
    if (!this.#isFull && this.#base + this.#sent >= (await this.#size())) await rm(path, { force: true });
  }

  #wait(): void {
    this.#cancelTimer = this.#options.clock.after(EVERY_MS, () => {
      this.#shipping = this.#ship(false).then(() => {
        if (!this.#isStopped) this.#wait();
      });
    });
  }

  async #ship(isLast: boolean): Promise<void> {
    const { attemptId, log, clock, isOver } = this.#options;
    try {
      while (!this.#isStopped && !this.#isFull && !isOver()) {
        const bytes = await this.#read();
        if (bytes.length === 0) return;
        const isEnd = this.#sent + bytes.length > this.#options.maxBytes;
        const part = isEnd ? this.#cutOff(bytes) : bytes;
        const from = this.#sent;
        const send = async (): Promise<LogReply> => await this.#put(from, part);
        // While it runs, the next look is the repetition.
        const { length } = isLast ? await persist(send, { clock, isOver }) : await send();
        // A part that was sent before and not answered may overlap.
        this.#sent = Math.max(length, from);
        this.#isFull = isEnd && length >= from + part.length;
        if (length <= from && part.length > 0) return;
        if (bytes.length < PART_BYTES && !isLast) return;
      }
    } catch (error) {
      if (error instanceof ApiRefusal) this.#isStopped = true;
      if (isLast || error instanceof ApiRefusal)
        log.warn("a part of a log was not sent", { attemptId, error: messageOf(error) });
    }
  }

  /** Cuts off what is over the limit, and says where it is. */
  #cutOff(bytes: Uint8Array): Uint8Array {
    const { maxBytes, path, hostName } = this.#options;
    const left = maxBytes - this.#sent;
    const line = `\nThe log is longer than [executor] max_log_size; all of it is in ${path} on worker ${hostName}\n`;
    return Buffer.concat([bytes.subarray(0, Math.max(0, left)), Buffer.from(line)]);
  }

  async #put(from: number, part: Uint8Array): Promise<LogReply> {
    const { client, attemptId: id } = this.#options;
    const contentType = "application/octet-stream";
    return parseBody(
      await client.send({ route: "log", id, query: `?from=${from}`, body: [part], contentType }),
    );
  }

  async #read(): Promise<Uint8Array> {
    const file = await open(this.#options.path).catch(() => undefined);
    if (!file) return Buffer.alloc(0);
    try {
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.allocUnsafe(LARGEST_PART_BYTES),
        position: this.#base + this.#sent,
      });
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async #size(): Promise<number> {
    return await stat(this.#options.path).then(
      ({ size }) => size,
      () => 0,
    );
  }
}

// The loader's side of its channel. It captures everything it needs of Node and of the language before
// any Dag file runs, so that nothing that a file replaces, closes or writes is mistaken for an answer.

import { fstatSync, readSync, writeSync } from "node:fs";
import { CHANNEL_FD, CHANNEL_LOST, frameHeader } from "./loader-frames.ts";
import type { LoadAnswer, LoaderStarted, LoadRequest } from "./loader-messages.ts";

const { stringify, parse } = JSON;
const bytesOf = Buffer.from;
/**
 * Ends this process at once: by then, `process.exit` may have been replaced by the Dag file, and it calls
 * listeners.
 */
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);

/** The channel of this process. */
export class AnswerChannel {
  readonly #token: string;
  readonly #place = placeOf(CHANNEL_FD);
  #isAnswered = false;

  constructor({ token }: Pick<LoadRequest, "token">) {
    this.#token = token;
  }

  /** Waits for the request: a line of JSON. */
  static readRequest(): LoadRequest {
    const chunk = Buffer.alloc(64 * 1024);
    let text = "";
    while (!text.endsWith("\n")) {
      const read = readSync(CHANNEL_FD, chunk);
      if (read === 0) exit(CHANNEL_LOST);
      text += chunk.toString("utf8", 0, read);
    }
    return parse(text) as LoadRequest;
  }

  /** Reports that the Dag file is responsible for everything from here on. */
  start(): void {
    const started: LoaderStarted = { kind: "started" };
    this.#write(stringify(started));
  }

  /** Sends the answer. Only the first call counts. */
  answer(answer: LoadAnswer): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#write(stringify(answer));
  }

  #write(text: string): void {
    const message = bytesOf(text);
    const bytes = [bytesOf(frameHeader(this.#token, message.length)), message];
    try {
      // If it was closed and opened again, the descriptor may be a file of the author.
      if (placeOf(CHANNEL_FD) !== this.#place) exit(CHANNEL_LOST);
      for (let part = 0; part < bytes.length; part++) writeWhole(bytes[part] as Buffer);
    } catch {
      exit(CHANNEL_LOST);
    }
  }
}

function placeOf(fd: number): string {
  const { dev, ino } = fstatSync(fd);
  return `${dev}:${ino}`;
}

function writeWhole(bytes: Buffer): void {
  for (let from = 0; from < bytes.length;) {
    try {
      from += writeSync(CHANNEL_FD, bytes, from);
    } catch (error) {
      // The other side reads more slowly than this one writes.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

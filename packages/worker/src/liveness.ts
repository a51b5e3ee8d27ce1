// Says that this host lives, and hears from the API: by beats, and a link whose end is noticed at once.
//
// A host that gets no answer to its beats ends what it runs before the schedulers count it as lost: by its own monotonic
// clock, from when the last answered beat was sent.

import type { IncomingMessage } from "node:http";
import { messageOf, type CancelTimer, type Clock, type Logger, type StoredError } from "@memodag/core";
import {
  LINK_LINE_MS,
  type BeatReply,
  type BeatRequest,
  type LinkLine,
  type RegisterAnswer,
} from "@memodag/worker-api/protocol";
import { ApiRefusal, parseBody, type ApiClient } from "./api-client.ts";

/** Hears what {@link Liveness} finds out. */
export interface LivenessListener {
  /** The ids of the attempts that this host has. */
  running(): readonly string[];
  /** Attempts that it could start now. */
  freePlaces(): number;
  /** A beat was answered: so long has an attempt waited that this host could start. */
  waits(longestWait: BeatReply["longestWait"]): void;
  /** These attempts are not this host's any more. */
  lost(attemptIds: readonly string[]): void;
  /** These have been started by this host for a while, and are not among those that it has. */
  unnamed(attemptIds: readonly string[]): void;
  cancelled(attempts: readonly { readonly attemptId: string; readonly error: StoredError }[]): void;
  /** The host takes nothing more, and ends when it runs nothing more. */
  drained(): void;
  /** A beat was not answered: nothing is taken until one is. */
  silent(): void;
  /** One was answered again. */
  answered(): void;
  /** No beat was answered for too long. */
  fenced(silentMs: number): void;
  /** The API does not know this host any more. */
  forgotten(): void;
  /** The API refuses this host, for good. */
  refused(error: ApiRefusal): void;
}

/** The parts of {@link Liveness}. */
export interface LivenessParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: LivenessListener;
}

/** Milliseconds after which a closed link is opened again. */
const LINK_PAUSE_MS = 500;

/** Returns for how long no beat may be answered before a host ends what it runs. Milliseconds. */
export function fenceAfterMs(heartbeatTimeoutMs: number): number {
  return Math.max(heartbeatTimeoutMs - 10_000, (heartbeatTimeoutMs * 2) / 3);
}

/** Beats, the link, and the fence of a registered host. */
export class Liveness {
  readonly #parts: LivenessParts;
  readonly #beatMs: number;
  readonly #fenceMs: number;
  #isStopped = false;
  /** When the last beat that was answered was sent, by the monotonic clock. */
  #answeredAt: number;
  #isFenced = false;
  #isSilent = false;
  #isBeating = false;
  #cancelBeat: CancelTimer = () => undefined;
  #cancelFence: CancelTimer = () => undefined;
  #link: IncomingMessage | undefined;

  /** `sentAt`: when the registration was sent, by the monotonic clock. */
  constructor(parts: LivenessParts, { beatMs, settings }: RegisterAnswer, sentAt: number) {
    this.#parts = parts;
    this.#beatMs = beatMs;
    this.#fenceMs = fenceAfterMs(settings.heartbeatTimeoutMs);
    this.#answeredAt = sentAt;
  }

  /** True while no beat has been answered for too long: nothing is started. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** True while beats are not answered. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  start(): void {
    this.#armFence();
    this.#beatLater(this.#beatMs);
    void this.#keepLink();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelBeat();
    this.#cancelFence();
    this.#link?.destroy();
  }

  #beatLater(ms: number): void {
    this.#cancelBeat();
    if (!this.#isStopped) this.#cancelBeat = this.#parts.clock.after(ms, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isStopped) return;
    const { client, clock, listener } = this.#parts;
    this.#isBeating = true;
    const sentAt = clock.monotonic();
    let pauseMs = this.#beatMs;
    try {
      const beat: BeatRequest = { running: listener.running(), freePlaces: listener.freePlaces() };
      const body = [Buffer.from(JSON.stringify(beat))];
      const id = client.workerId ?? "";
      const timeoutMs = Math.max(1_000, Math.min(2 * this.#beatMs, this.#fenceMs / 4));
      const reply = parseBody<BeatReply>(
        await client.send({ route: "beat", id, body, timeoutMs, isProbe: true }),
      );
      if (!this.#isStopped) this.#hear(reply, sentAt);
    } catch (error) {
      if (this.#isStopped) return;
      if (error instanceof ApiRefusal) this.#refused(error);
      else this.#unanswered(error);
      pauseMs = Math.min(1_000, this.#beatMs);
    } finally {
      this.#isBeating = false;
    }
    this.#beatLater(pauseMs);
  }

  #unanswered(error: unknown): void {
    const { log, listener } = this.#parts;
    log.warn("a beat was not answered", { error: messageOf(error) });
    if (this.#isSilent) return;
    this.#isSilent = true;
    listener.silent();
  }

  #hear({ isKnown, lost, cancel, unnamed = [], isDraining, longestWait }: BeatReply, sentAt: number): void {
    const { listener, log } = this.#parts;
    this.#answeredAt = sentAt;
    if (this.#isFenced) log.info("the worker API answers again");
    this.#isFenced = false;
    this.#armFence();
    if (this.#isSilent && isKnown) listener.answered();
    this.#isSilent = false;
    if (!isKnown) listener.forgotten();
    else {
      if (lost.length > 0) listener.lost(lost);
      if (unnamed.length > 0) listener.unnamed(unnamed);
      if (cancel.length > 0) listener.cancelled(cancel);
      if (isDraining) listener.drained();
      else listener.waits(longestWait);
    }
  }

  #refused(error: ApiRefusal): void {
    const { listener } = this.#parts;
    if (error.code === "worker_not_found") listener.forgotten();
    else listener.refused(error);
  }

  #armFence(): void {
    const { clock, listener } = this.#parts;
    this.#cancelFence();
    const leftMs = this.#answeredAt + this.#fenceMs - clock.monotonic();
    this.#cancelFence = clock.after(Math.max(0, leftMs), () => {
      this.#isFenced = true;
      listener.fenced(clock.monotonic() - this.#answeredAt);
    });
  }

  /** Opens the link again whenever it ends. */
  async #keepLink(): Promise<void> {
    const { client, clock, log } = this.#parts;
    while (!this.#isStopped) {
      try {
        const id = client.workerId ?? "";
        this.#link = await client.open({ route: "link", id, timeoutMs: 3 * LINK_LINE_MS });
        // Asks for notices that came while there was none.
        this.#beatLater(0);
        for await (const line of linesOf(this.#link)) this.#read(line);
      } catch (error) {
        if (!this.#isStopped) log.debug("the link is closed", { error: messageOf(error) });
      }
      this.#link?.destroy();
      await new Promise<void>((resolve) => void clock.after(LINK_PAUSE_MS, resolve));
    }
  }

  #read(text: string): void {
    const line = JSON.parse(text) as LinkLine;
    if (line.kind !== "notice" || this.#isStopped) return;
    const { listener } = this.#parts;
    if (line.cancel.length > 0) listener.cancelled(line.cancel);
    if (line.isDraining) listener.drained();
  }
}

/** Lines as they come. Rejects when the connection is closed or silent. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

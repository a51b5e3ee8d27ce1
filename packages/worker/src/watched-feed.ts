// The queue of a host: opened again when it gives nothing although attempts wait in it, and given up when that does not
// help. An attempt that it gives has a place, whatever was opened before.

import {
  formatDuration,
  MemodagError,
  messageOf,
  type Clock,
  type Logger,
  type QueueWait,
} from "@memodag/core";
import type { AttemptFeed, TakeAttempt } from "@memodag/remote-executor";
import type { BeatReply } from "@memodag/worker-api/protocol";
import { isSilent, judgeFeed, NOTHING_SEEN, type FeedMemory, type FeedSight } from "./deafness.ts";

/** The parts of a {@link WatchedFeed}. */
export interface WatchedFeedParts {
  readonly open: (take: TakeAttempt) => Promise<AttemptFeed>;
  readonly take: TakeAttempt;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Opening it again did not help: another process may have more luck. */
  readonly onDeaf: (error: MemodagError) => void;
}

/** `paused`: nothing is taken until it is resumed. */
type FeedState = "open" | "paused" | "closed";

/** A queue, as long as a host takes from it. */
export class WatchedFeed {
  readonly #parts: WatchedFeedParts;
  #feed: AttemptFeed | undefined;
  /** Of queues that were opened before, until what they gave is over. */
  readonly #closing = new Set<Promise<void>>();
  #memory: FeedMemory = NOTHING_SEEN;
  #given = 0;
  #running = 0;
  #isLooking = false;
  #isAbsenceTold = false;
  #state: FeedState = "open";
  /** Pauses, resumptions and openings come one after another. */
  #changes: Promise<void> = Promise.resolve();

  constructor(parts: WatchedFeedParts) {
    this.#parts = parts;
  }

  /** Attempts that could begin now. */
  get freePlaces(): number {
    return this.#state === "open" ? this.#parts.concurrency - this.#running : 0;
  }

  async open(): Promise<void> {
    await this.#change(() => this.#openIfNone());
  }

  /** Takes nothing until it is resumed. What it has given goes on. */
  pause(): void {
    if (this.#state !== "open") return;
    this.#state = "paused";
    void this.#change(async () => this.#shut());
  }

  /** Takes attempts again. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "open";
    this.#change(() => this.#openIfNone()).catch((error: unknown) => this.#warn(error));
  }

  /** Takes nothing more. Resolves when each attempt that it has given is over. */
  async close(): Promise<void> {
    this.#state = "closed";
    await this.#changes;
    this.#shut();
    await Promise.all(this.#closing);
  }

  /** A beat was answered. Never rejects. */
  async look(longestWait: BeatReply["longestWait"]): Promise<void> {
    const seen = {
      waitMs: longestWait?.waitMs ?? null,
      freePlaces: this.freePlaces,
      running: this.#running,
      given: this.#given,
    };
    if (this.#isLooking || this.#state !== "open") return;
    this.#isLooking = true;
    try {
      const place = longestWait && isSilent(seen, this.#memory) ? await this.#lookFor(longestWait) : "held";
      // An attempt that it has given meanwhile counts.
      await this.#judge({ ...seen, given: this.#given, place }, longestWait?.queue ?? "");
    } catch (error) {
      this.#warn(error);
    } finally {
      this.#isLooking = false;
    }
  }

  async #judge(sight: FeedSight, queue: string): Promise<void> {
    const { clock, log, onDeaf } = this.#parts;
    if (this.#state !== "open") return;
    const { verdict, memory } = judgeFeed(sight, this.#memory, clock.monotonic());
    this.#memory = memory;
    const { waitMs, freePlaces } = sight;
    const fields = { queue, waitMs, freePlaces };
    switch (verdict) {
      case "hears":
        return;
      case "open_again":
        log.warn(
          "the queue gives nothing to this worker, although attempts wait in it: it is opened again",
          fields,
        );
        await this.#openAgain();
        return;
      case "give_up":
        log.error("the queue still gives nothing to this worker, although attempts wait in it", fields);
        onDeaf(
          new MemodagError(
            "worker_deaf",
            `An attempt in queue ${queue} has waited for ${formatDuration(waitMs ?? 0)}, and is not given to this worker, which has ` +
              `${freePlaces} places free and has opened the queue again: start the worker again, as systemd does with Restart=on-failure`,
            { fields },
          ),
        );
        return;
      case "absent":
        if (!this.#isAbsenceTold)
          log.warn(
            "an attempt waits, but the queue that this worker takes from does not have it: look whether schedulers run, and " +
              "whether [executor] url and prefix are the same there",
            fields,
          );
        this.#isAbsenceTold = true;
    }
  }

  async #openAgain(): Promise<void> {
    await this.#change(async () => {
      this.#shut();
      await this.#openIfNone();
    });
  }

  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    return done;
  }

  #warn(error: unknown): void {
    this.#parts.log.warn("the queue could not be opened again", { error: messageOf(error) });
  }

  /** Its close waits for what it has given. */
  #shut(): void {
    const { log } = this.#parts;
    const feed = this.#feed;
    if (!feed) return;
    this.#feed = undefined;
    const closing = feed
      .close()
      .catch((error: unknown) => log.warn("the queue could not be closed", { error: messageOf(error) }))
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #openIfNone(): Promise<void> {
    if (this.#state === "open") this.#feed ??= await this.#parts.open((attemptId) => this.#take(attemptId));
  }

  async #lookFor(wait: QueueWait): Promise<FeedSight["place"]> {
    try {
      return (await this.#feed?.lookFor?.(wait)) ?? "unknown";
    } catch (error) {
      this.#parts.log.debug("the queue does not say what it has", { error: messageOf(error) });
      return "away";
    }
  }

  async #take(attemptId: string): Promise<void> {
    this.#given += 1;
    if (this.freePlaces <= 0)
      throw new MemodagError("attempt_lost", "The worker has no place free: another one may have");
    this.#running += 1;
    try {
      await this.#parts.take(attemptId);
    } finally {
      this.#running -= 1;
    }
  }
}

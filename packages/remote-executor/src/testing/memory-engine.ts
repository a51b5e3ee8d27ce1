// A dispatch engine in memory: all feeds of it are in this process.

import type { AttemptFeed, DispatchEngine, DispatchNotice, TakeAttempt } from "../dispatch-engine.ts";
import type { FeedPlan } from "./engine-harness.ts";

/** How long a refused attempt is not offered. */
const REFUSED_MS = 20;

interface Entry {
  readonly attemptId: string;
  readonly queue: string;
  readonly priority: number;
  state: "waiting" | "taken" | "refused";
}

/** Schedulers and hosts of a test share one. */
export class MemoryEngine implements DispatchEngine {
  /** In the order of publishing. */
  readonly #entries = new Map<string, Entry>();
  readonly #feeds = new Set<MemoryFeed>();

  async publish(notices: readonly DispatchNotice[]): Promise<void> {
    for (const { attemptId, queue, priority } of notices) {
      if (!this.#entries.has(attemptId))
        this.#entries.set(attemptId, { attemptId, queue, priority, state: "waiting" });
    }
    this.#offerAll();
  }

  async withdraw(attempts: readonly Pick<DispatchNotice, "attemptId">[]): Promise<void> {
    for (const { attemptId } of attempts) {
      if (this.#entries.get(attemptId)?.state !== "taken") this.#entries.delete(attemptId);
    }
  }

  async listKnown(attempts: readonly Pick<DispatchNotice, "attemptId">[]): Promise<ReadonlySet<string>> {
    return new Set(attempts.map(({ attemptId }) => attemptId).filter((id) => this.#entries.has(id)));
  }

  /** It stays, for the other schedulers. */
  async close(): Promise<void> {}

  async openFeed(plan: FeedPlan, take: TakeAttempt): Promise<AttemptFeed> {
    const feed = new MemoryFeed(plan, take, {
      next: (queue) => this.#next(queue),
      end: (entry) => this.#end(entry),
      refuse: (entry) => this.#refuse(entry),
      closed: () => this.#feeds.delete(feed),
    });
    this.#feeds.add(feed);
    feed.offer();
    return feed;
  }

  /** Loses all it has; what runs goes on. */
  async flush(): Promise<void> {
    this.#entries.clear();
  }

  async dump(): Promise<string> {
    return JSON.stringify([...this.#entries.values()]);
  }

  #next(queue: string): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "waiting" || entry.queue !== queue) continue;
      if (!first || entry.priority > first.priority) first = entry;
    }
    if (first) first.state = "taken";
    return first;
  }

  /** An entry that was flushed may have been published again meanwhile: that one stays. */
  #end(entry: Entry): void {
    if (this.#entries.get(entry.attemptId) === entry) this.#entries.delete(entry.attemptId);
    this.#offerAll();
  }

  #refuse(entry: Entry): void {
    entry.state = "refused";
    setTimeout(() => {
      entry.state = "waiting";
      this.#offerAll();
    }, REFUSED_MS);
    this.#offerAll();
  }

  #offerAll(): void {
    for (const feed of this.#feeds) feed.offer();
  }
}

/** The calls of a feed to its engine. */
interface Shelf {
  next(queue: string): Entry | undefined;
  end(entry: Entry): void;
  refuse(entry: Entry): void;
  closed(): void;
}

class MemoryFeed implements AttemptFeed {
  readonly #concurrency: number;
  readonly #take: TakeAttempt;
  readonly #shelf: Shelf;
  readonly #running = new Set<Promise<void>>();
  #taken = 0;
  /** The queue that had its turn last is at the end. */
  readonly #queues: string[];

  constructor({ queues, concurrency }: FeedPlan, take: TakeAttempt, shelf: Shelf) {
    this.#queues = [...queues];
    this.#concurrency = concurrency;
    this.#take = take;
    this.#shelf = shelf;
  }

  offer(): void {
    while (this.#taken < this.#concurrency) {
      const entry = this.#nextOfAll();
      if (!entry) return;
      this.#taken += 1;
      const running = this.#run(entry).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async close(): Promise<void> {
    this.#queues.length = 0;
    this.#shelf.closed();
    await Promise.all(this.#running);
  }

  #nextOfAll(): Entry | undefined {
    for (const queue of this.#queues.slice()) {
      this.#queues.splice(this.#queues.indexOf(queue), 1);
      this.#queues.push(queue);
      const entry = this.#shelf.next(queue);
      if (entry) return entry;
    }
    return undefined;
  }

  async #run(entry: Entry): Promise<void> {
    // A caller that offers is not to run into the attempt.
    await Promise.resolve();
    const isOver = await this.#take(entry.attemptId).then(
      () => true,
      () => false,
    );
    this.#taken -= 1;
    if (isOver) this.#shelf.end(entry);
    else this.#shelf.refuse(entry);
  }
}

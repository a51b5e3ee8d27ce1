// A worker's side of a queue on BullMQ: takes jobs one after another for the places of the host.
//
// BullMQ's own loop has places by queue, and holds what it takes. This one looks only when the host has a place, and
// gives a surplus back. Whether an attempt is lost is not decided by BullMQ's locks: they bring back a job whose host
// has died before it could ask for it.

import { randomUUID } from "node:crypto";
import { messageOf } from "@memodag/core";
import type {
  AttemptFeed,
  AttemptPlace,
  DispatchNotice,
  FeedOptions,
  TakeAttempt,
} from "@memodag/remote-executor";
import { Worker, type Job } from "bullmq";
import { FeedConnection, onceConnected } from "./connection.ts";
import { HostPlaces } from "./host-places.ts";
import type { QueueAddress } from "./options.ts";
import { bullName } from "./queue-name.ts";

const LOCK_MS = 30_000;
const RENEW_MS = LOCK_MS / 2;

/** Begins the tokens of all locks of this process. */
const PROCESS = `${randomUUID()}:`;

/** How long an attempt that was refused is not offered. */
const REFUSED_MS = 250;

/** After an error, for instance of a user who may not read the queue. */
const PAUSE_MS = 2_000;

/** Time to wait, when the feed is closed, for a server that is away: jobs may be left. */
const LAST_WORDS_MS = 2_000;

/** Opens a worker's side. A server that is away is connected to as soon as it is there. */
export async function openBullmqFeed(
  { url, prefix }: QueueAddress,
  options: FeedOptions,
  take: TakeAttempt,
): Promise<BullmqFeed> {
  return new BullmqFeed({ url, prefix }, options, take);
}

/** A job and the token of its lock. */
interface Taken {
  readonly job: Job;
  readonly token: string;
}

/** All queues of a host. */
export class BullmqFeed implements AttemptFeed {
  readonly #url: string;
  readonly #redis: FeedConnection;
  readonly #take: TakeAttempt;
  readonly #options: Pick<FeedOptions, "clock" | "log">;
  readonly #places: HostPlaces;
  readonly #workers: Worker[];
  readonly #loops: readonly Promise<void>[];
  /** Attempts that are not over. */
  readonly #running = new Set<Promise<void>>();
  /** Jobs that the queue has not been told the end of. */
  readonly #ending = new Set<Promise<void>>();
  readonly #closing = Promise.withResolvers<void>();
  #closed: Promise<void> | undefined;
  #tokens = 0;

  constructor(
    { url, prefix }: QueueAddress,
    { queues, concurrency, clock, log }: FeedOptions,
    take: TakeAttempt,
  ) {
    this.#url = url;
    this.#redis = new FeedConnection(url, log);
    this.#take = take;
    this.#options = { clock, log };
    this.#places = new HostPlaces(concurrency);
    const names = [...new Set(queues)];
    this.#workers = names.map((name) => this.#openWorker(name, prefix));
    this.#loops = this.#workers.map((worker) => this.#serve(worker));
  }

  /** A job that is with a worker is locked; one whose answer did not arrive is so by a call of this process. */
  async lookFor({ attemptId, queue }: Pick<DispatchNotice, "attemptId" | "queue">): Promise<AttemptPlace> {
    const worker = this.#workers.find(({ name }) => name === bullName(queue));
    if (!worker) return "absent";
    return await onceConnected(this.#url, async (redis) => {
      const key = worker.toKey(attemptId);
      const [isThere, lock] = await Promise.all([redis.exists(key), redis.get(`${key}:lock`)]);
      if (!isThere) return "absent";
      return lock === null || lock.startsWith(PROCESS) ? "here" : "held";
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#places.close();
    this.#closing.resolve();
    // This ends the calls that wait for jobs.
    await Promise.allSettled(this.#workers.map((worker) => worker.close(true)));
    await Promise.all(this.#loops);
    await Promise.all(this.#running);
    const late = Promise.withResolvers<void>();
    const stop = this.#options.clock.after(LAST_WORDS_MS, late.resolve);
    await Promise.race([Promise.allSettled(this.#ending), late.promise]);
    stop();
    this.#redis.endAll();
  }

  #openWorker(name: string, prefix: string): Worker {
    const worker = new Worker(bullName(name), null, {
      connection: this.#redis,
      prefix,
      autorun: false,
      skipVersionCheck: true,
      lockDuration: LOCK_MS,
      // A job whose host has died comes back, as often as it happens.
      maxStalledCount: 1_000_000,
    });
    worker.on("error", (error) => this.#debug("a queue failed", name, error));
    worker.startStalledCheckTimer().catch((error: unknown) => this.#debug("no stalled check", name, error));
    return worker;
  }

  async #serve(worker: Worker): Promise<void> {
    let hasMore = true;
    for (;;) {
      const turn = await this.#places.turnOf(worker.name, hasMore);
      const taken = await this.#next(worker, turn === "turn");
      if (taken === "closing") return;
      hasMore = taken !== undefined;
      if (!taken) this.#places.pass(worker.name);
      else if (this.#places.tryTake(worker.name)) this.#run(taken);
      else this.#giveBack(taken);
    }
  }

  /** Waits for a job, for some seconds at most; without `block`, not at all. */
  async #next(worker: Worker, block: boolean): Promise<Taken | "closing" | undefined> {
    this.#tokens += 1;
    const token = `${PROCESS}${worker.id}:${this.#tokens}`;
    const next = worker.getNextJob(token, { block }).then(
      (job) => job && { job, token },
      async (error: unknown) => {
        this.#debug("looked for no attempt", worker.name, error);
        await this.#pause(PAUSE_MS);
        return undefined;
      },
    );
    const taken = await Promise.race([next, this.#closing.promise.then(() => "closing" as const)]);
    if (taken === "closing") this.#keepUntilEnd(next.then((late) => late && this.#end(late, toWait)));
    return taken;
  }

  #run(taken: Taken): void {
    const running = this.#attempt(taken).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #attempt(taken: Taken): Promise<void> {
    const stopRenewing = this.#renew(taken);
    const isOver = await this.#take(taken.job.id ?? "").then(
      () => true,
      (error: unknown) => {
        this.#debug("an attempt was refused", taken.job.queueName, error);
        return false;
      },
    );
    stopRenewing();
    const refusedUntil = this.#options.clock.now() + REFUSED_MS;
    this.#keepUntilEnd(
      this.#end(taken, isOver ? toCompleted : ({ job, token }) => job.moveToDelayed(refusedUntil, token)),
    );
    this.#places.release();
  }

  /** Keeps the lock of a job, so that no other host is offered it. */
  #renew({ job, token }: Taken): () => void {
    let stop = (): void => undefined;
    const renewLater = (): void => {
      stop = this.#options.clock.after(RENEW_MS, () => {
        job
          .extendLock(token, LOCK_MS)
          .catch((error: unknown) => this.#debug("a lock was not renewed", job.queueName, error));
        renewLater();
      });
    };
    renewLater();
    return () => stop();
  }

  #giveBack(taken: Taken): void {
    this.#keepUntilEnd(this.#end(taken, toWait));
  }

  /** Tells the queue of a job's end. Where that fails, the job comes back, and is refused where it starts again. */
  async #end(taken: Taken, move: (taken: Taken) => Promise<unknown>): Promise<void> {
    await move(taken).catch((error: unknown) =>
      this.#debug("the end of a job was not told", taken.job.queueName, error),
    );
  }

  #keepUntilEnd(ending: Promise<unknown>): void {
    const kept = ending.then(() => void this.#ending.delete(kept));
    this.#ending.add(kept);
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#options.clock.after(ms, resolve);
    await Promise.race([promise, this.#closing.promise]);
    stop();
  }

  #debug(message: string, queue: string, error: unknown): void {
    this.#options.log.debug(message, { queue, reason: messageOf(error) });
  }
}

const toWait = ({ job, token }: Taken): Promise<unknown> => job.moveToWait(token);
const toCompleted = ({ job, token }: Taken): Promise<unknown> => job.moveToCompleted(null, token, false);

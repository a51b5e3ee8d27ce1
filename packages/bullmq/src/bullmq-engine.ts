// The scheduler's side of a queue on BullMQ: each attempt is a job that has its id, and is removed when it ends.

import { messageOf } from "@memodag/core";
import type { DispatchEngine, DispatchNotice, EngineOptions } from "@memodag/remote-executor";
import { Queue, type JobsOptions } from "bullmq";
import type { Redis } from "ioredis";
import { connect, placeOf, senderConnection } from "./connection.ts";
import type { QueueAddress } from "./options.ts";
import { bullName } from "./queue-name.ts";
import { queueFailure } from "./redis-failure.ts";

type Place = Pick<DispatchNotice, "attemptId" | "queue">;

/** BullMQ counts from 1, the most urgent, and takes 0 for none at all. */
const LEAST_URGENT = 1_000_001;

/** Nothing reads the events that BullMQ writes: 10,000 a queue are its default. */
const EVENTS_KEPT = 10;

/** Opens the scheduler's side. A server that is away is connected to as soon as it is there. */
export async function openBullmqEngine(
  { url, prefix }: QueueAddress,
  { log }: Pick<EngineOptions, "log">,
): Promise<BullmqEngine> {
  const redis = senderConnection(url, log);
  await connect(redis);
  return new BullmqEngine(redis, { url, prefix }, log);
}

/** A queue of BullMQ for each queue of memodag, all on one connection. */
export class BullmqEngine implements DispatchEngine {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #place: string;
  readonly #log: EngineOptions["log"];
  readonly #queues = new Map<string, Queue>();

  constructor(redis: Redis, { url, prefix }: QueueAddress, log: EngineOptions["log"]) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#place = placeOf(url);
    this.#log = log;
  }

  async publish(notices: readonly DispatchNotice[]): Promise<void> {
    await this.#forEachQueue("publish attempts", notices, async (queue, ofQueue) => {
      await queue.addBulk(
        ofQueue.map(({ attemptId, priority, team, dagId, taskId }) => ({
          name: "attempt",
          data: { team, dagId, taskId },
          opts: { jobId: attemptId, priority: LEAST_URGENT - priority, ...ONCE },
        })),
      );
    });
  }

  async withdraw(attempts: readonly Place[]): Promise<void> {
    await this.#forEachQueue("withdraw attempts", attempts, async (queue, ofQueue) => {
      // One that a worker has is locked, and stays.
      await Promise.all(ofQueue.map(({ attemptId }) => queue.remove(attemptId)));
    });
  }

  async listKnown(attempts: readonly Place[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    await this.#forEachQueue("look for attempts", attempts, async (queue, ofQueue) => {
      await Promise.all(
        ofQueue.map(async ({ attemptId }) => {
          if ((await queue.getJobState(attemptId)) !== "unknown") known.add(attemptId);
          // A job in no line, whose line the server evicted, would keep its id from being published again.
          else if (await this.#redis.exists(queue.toKey(attemptId))) await queue.remove(attemptId);
        }),
      );
    });
    return known;
  }

  async check(): Promise<readonly string[]> {
    await this.listKnown([{ attemptId: "check", queue: "default" }]);
    // CONFIG is for administrators; INFO says the same.
    const info = await this.#redis.info("memory").catch(() => "");
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
    return policy === undefined || policy === "noeviction"
      ? []
      : [
          `Redis at ${this.#place} evicts keys when it is full (maxmemory-policy ${policy}), and attempts with them: set it to noeviction`,
        ];
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
    this.#redis.disconnect();
  }

  async #forEachQueue<T extends Place>(
    use: string,
    attempts: readonly T[],
    work: (queue: Queue, ofQueue: readonly T[]) => Promise<void>,
  ): Promise<void> {
    const byQueue = Map.groupBy(attempts, ({ queue }) => queue);
    try {
      await Promise.all(Array.from(byQueue, ([name, ofQueue]) => work(this.#queue(name), ofQueue)));
    } catch (error) {
      throw queueFailure(error, this.#place, use);
    }
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new Queue(bullName(name), {
        connection: this.#redis,
        prefix: this.#prefix,
        // Neither waits for the server: its calls fail when it is away.
        skipVersionCheck: true,
        skipWaitingForReady: true,
        streams: { events: { maxLen: EVENTS_KEPT } },
      });
      // The connection has told of its own.
      queue.on("error", (error) =>
        this.#log.debug("a queue failed", { queue: name, reason: messageOf(error) }),
      );
      this.#queues.set(name, queue);
    }
    return queue;
  }
}

const ONCE: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true, stackTraceLimit: 0 };

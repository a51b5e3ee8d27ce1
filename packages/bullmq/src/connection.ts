// Connections to Redis: they reconnect by themselves, say once that they are lost, and never say a password.

import { messageOf, type Logger } from "@memodag/core";
import { Redis, type RedisOptions } from "ioredis";

const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_MS = 2_000;

/** A connection on which an answer is due, and nothing arrives for so long, is made anew. A blocking call takes 5 s. */
const SILENT_MS = 15_000;

/** A scheduler waits so long for an answer. */
const ANSWER_MS = 5_000;

const KEEP_ALIVE_MS = 10_000;

const COMMON = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  keepAlive: KEEP_ALIVE_MS,
  socketTimeout: SILENT_MS,
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_RECONNECT_MS),
  // A failover leaves a connection to what is a replica now.
  reconnectOnError: ({ message }: Error) => (message.startsWith("READONLY") ? 2 : false),
} satisfies RedisOptions;

const SENDER = {
  ...COMMON,
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: ANSWER_MS,
} satisfies RedisOptions;

/** A scheduler's connection: a command fails at once when there is no connection; its caller repeats it. */
export function senderConnection(url: string, log: Logger): Redis {
  return watched(new Redis(url, SENDER), url, log);
}

/** Does some work on a connection of its own. @throws if the server does not answer */
export async function onceConnected<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { ...SENDER, retryStrategy: () => null });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** A worker's connection: commands wait until there is one. BullMQ makes blocking ones of it. */
export class FeedConnection extends Redis {
  readonly #blocking: Redis[] = [];

  constructor(url: string, log: Logger) {
    super(url, { ...COMMON, maxRetriesPerRequest: null });
    watched(this, url, log);
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const blocking = super.duplicate(override);
    // BullMQ listens until it closes one, even if that still connects then. What fails is told by this one.
    blocking.on("error", () => undefined);
    this.#blocking.push(blocking);
    return blocking;
  }

  /**
   * Ends all of them for good: BullMQ makes a blocking connection anew that brought no answer in time, and does not look
   * whether it was closed meanwhile. It would reconnect as long as the process runs, and keep it from ending.
   */
  endAll(): void {
    for (const redis of [this, ...this.#blocking]) {
      redis.options.retryStrategy = () => null;
      redis.connect = () => Promise.reject(new Error("the queue is closed"));
      redis.disconnect();
    }
  }
}

/** Resolves when it is connected, or the first try has failed; it goes on trying until it is closed. */
export async function connect(redis: Redis): Promise<void> {
  await redis.connect().catch(() => undefined);
}

/** The server, without a user or a password. */
export function placeOf(url: string): string {
  return new URL(url).host;
}

/** Without a listener an error would end the process. */
function watched<T extends Redis>(redis: T, url: string, log: Logger): T {
  const place = placeOf(url);
  let isLost = false;
  redis.on("error", (error: unknown) => {
    if (isLost) return;
    isLost = true;
    // The message alone: the error has the command that failed, such as AUTH, with its arguments.
    log.warn("lost the connection to the queue", { place, reason: messageOf(error) });
  });
  redis.on("ready", () => {
    if (isLost) log.info("connected to the queue again", { place });
    isLost = false;
  });
  return redis;
}

// Attempts of memodag on BullMQ: `[core] executor = "bullmq"` opens this package on schedulers and workers.

import type {
  AttemptFeed,
  DispatchEngine,
  EngineOptions,
  FeedOptions,
  TakeAttempt,
} from "@memodag/remote-executor";
import { openBullmqEngine } from "./bullmq-engine.ts";
import { openBullmqFeed } from "./bullmq-feed.ts";
import { parseOptions } from "./options.ts";

/** @throws MemodagError `config_invalid` for what is not a URL of Redis */
export async function openDispatchEngine(options: EngineOptions): Promise<DispatchEngine> {
  return await openBullmqEngine(parseOptions(options), options);
}

/** @throws MemodagError `config_invalid` for what is not a URL of Redis */
export async function openAttemptFeed(options: FeedOptions, take: TakeAttempt): Promise<AttemptFeed> {
  return await openBullmqFeed(parseOptions(options), options, take);
}

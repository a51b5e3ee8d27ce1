// Both sides on a real server keep the contracts.

import { describeAttemptFeed, describeDispatchEngine } from "@memodag/remote-executor/testing";
import { RedisServer } from "@memodag/test-servers";
import { afterAll, beforeAll, describe, test } from "vitest";
import { openQueue } from "./redis-queue.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const harness = { open: () => openQueue(server) };
describeDispatchEngine("bullmq", harness, { describe, test });
describeAttemptFeed("bullmq", harness, { describe, test });

// The connections of a host: none outlives its feed.

import { silentLogger } from "@memodag/core";
import { RedisServer } from "@memodag/test-servers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FeedConnection } from "../src/connection.ts";

let server: RedisServer;

beforeEach(async () => {
  server = await RedisServer.start();
});
afterEach(() => server.stop());

test("a blocking connection that is made anew after the end is refused, and leaves nothing", async () => {
  const feed = new FeedConnection(server.url, silentLogger);
  const blocking = feed.duplicate();
  await Promise.all([feed.ping(), blocking.ping()]);
  expect(blocking.listenerCount("error")).toBeGreaterThan(0);
  // As BullMQ does when an answer is overdue: it ends the connection, and makes it again.
  const isEnded = new Promise((resolve) => blocking.once("end", resolve));
  blocking.disconnect();
  await isEnded;
  feed.endAll();
  await expect(blocking.connect()).rejects.toThrow("the queue is closed");
  await expect
    .poll(
      async () =>
        String(await server.command("CLIENT", "LIST"))
          .trim()
          .split("\n").length,
    )
    .toBe(1);
});

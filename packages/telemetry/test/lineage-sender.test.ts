// OpenLineage events on their way: in order, again after a server was away, and never without bound.

import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { DagRun } from "@memodag/core";
import { silentLogger, systemClock } from "@memodag/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LineageEvents, LineageSender, TraceIds, type LineageEvent } from "../src/index.ts";

const RUN = { team: "ml", dagId: "d", runId: "r", logicalDate: null, endedAt: null, startedAt: 1 } as DagRun;
const events = new LineageEvents(new TraceIds(new Uint8Array(32)), "memodag");
const eventOf = (runId: string): LineageEvent => events.ofRun({ ...RUN, runId, state: "running" }, false);

let server: Server;
let url: string;
let statuses: number[] = [];
let received: LineageEvent[] = [];
let authorization: string | undefined;

beforeEach(async () => {
  statuses = [];
  received = [];
  server = createServer((request, response) => {
    authorization = request.headers.authorization;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const status = statuses.shift() ?? 201;
      if (status === 201) received.push(JSON.parse(Buffer.concat(chunks).toString()) as LineageEvent);
      response.writeHead(status).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function open(log = silentLogger) {
  let dropped = 0;
  const sender = new LineageSender({
    url,
    apiKey: "k",
    onDropped: () => (dropped += 1),
    // Waits between tries are short here.
    clock: { ...systemClock, after: (ms, callback) => systemClock.after(Math.min(ms, 20), callback) },
    log,
  });
  return { sender, dropped: () => dropped };
}

it("arrive in order, after a server was away as well, and those that it refuses are dropped", async () => {
  const warnings: string[] = [];
  const { sender, dropped } = open({ ...silentLogger, warn: (message) => void warnings.push(message) });
  statuses = [503, 201, 422, 500, 201];
  const all = ["a", "b", "c"].map(eventOf);
  for (const event of all) sender.send(event);
  await vi.waitUntil(() => received.length === 2, { timeout: 20_000 });
  expect(received).toEqual([all[0], all[2]]);
  expect(dropped()).toBe(1);
  expect(authorization).toBe("Bearer k");
  expect(warnings[0]).toContain("openlineage_url");
  expect(all[0]?.job.namespace).toBe("memodag/ml");
  await sender.close();
});

it("are dropped beyond 10,000, and when their server is away at the end", async () => {
  const { sender, dropped } = open();
  statuses = Array.from({ length: 1_000 }, () => 503);
  const event = eventOf("a");
  for (let times = 0; times < 10_100; times += 1) sender.send(event);
  expect(dropped()).toBe(100);
  await vi.waitUntil(() => statuses.length < 1_000, { timeout: 20_000 });
  await sender.close();
  expect(dropped()).toBe(10_100);
  sender.send(event);
  expect(dropped()).toBe(10_101);
});

it("of a cancelled run are ABORT, and of others by their state", () => {
  const of = (state: DagRun["state"], isCancelled: boolean) =>
    events.ofRun({ ...RUN, state, endedAt: 2 }, isCancelled).eventType;
  expect([of("failed", true), of("failed", false), of("success", false)]).toEqual([
    "ABORT",
    "FAIL",
    "COMPLETE",
  ]);
});

// Requests to an API of which nothing comes any more: a beat finds out.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiAway, ApiClient } from "../src/api-client.ts";

let server: Server;
let client: ApiClient;
/** Requests that wait for an answer. */
let waiting: { readonly from: IncomingMessage; readonly to: ServerResponse }[];

beforeEach(async () => {
  waiting = [];
  server = createServer((from, to) => {
    from.resume();
    waiting.push({ from, to });
    server.emit("waits");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new ApiClient({ urls: [url], token: () => "" });
});
afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await once(server.close(), "close");
});

const beat = (): Promise<Buffer> =>
  client.send({ route: "beat", id: "w", body: [Buffer.from("{}")], timeoutMs: 50, isProbe: true });

/** Sends the end of an attempt, which may take long, and resolves when the server has it. */
async function sendOutcome(isRepeatable: boolean): Promise<{ readonly answer: Promise<unknown> }> {
  const arrived = once(server, "waits");
  const body = [Buffer.from("result")];
  const answer = client.send({ route: "outcome", id: "a", body, timeoutMs: 600_000, isRepeatable });
  answer.catch(() => undefined);
  await arrived;
  return { answer };
}

test("what waits on a connection that nothing passes fails with a beat that is not answered", async () => {
  const { answer } = await sendOutcome(true);
  await expect(beat()).rejects.toBeInstanceOf(ApiAway);
  await expect(answer).rejects.toThrow("has not answered a beat");
});

test("what cannot be sent again, and what the API answers meanwhile, goes on", async () => {
  const final = await sendOutcome(false);
  const slow = await sendOutcome(true);
  const missed = beat();
  waiting[1]?.to.writeHead(200).write("a part");
  await expect(missed).rejects.toBeInstanceOf(ApiAway);
  for (const { to } of waiting) to.end();
  expect(String(await slow.answer)).toBe("a part");
  await expect(final.answer).resolves.toBeDefined();
});

test("a beat says nothing of requests that were sent after it", async () => {
  const missed = beat();
  const { answer } = await sendOutcome(true);
  await expect(missed).rejects.toBeInstanceOf(ApiAway);
  for (const { to } of waiting) to.end();
  await expect(answer).resolves.toBeDefined();
});

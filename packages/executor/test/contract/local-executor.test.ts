// The executor of this machine keeps the contract, with real processes.

import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "vitest";
import { describeExecutor, type AttemptPlan, type OpenExecutor } from "../../src/testing/index.ts";
import { ExecutorRoom } from "../executor-room.ts";

/** The task returns its value; before that it calls, and waits until it is answered. */
const BODY = `
  import { connect } from "node:net";
  dag.task("it", async ({ value, call }) => {
    if (call) {
      const socket = connect(call.path);
      socket.write(call.attemptId);
      await new Promise((answered) => socket.once("data", answered));
      socket.end();
    }
    return value;
  })({});
`;

async function open(limit: number): Promise<OpenExecutor> {
  let parallelism = limit;
  const room = new ExecutorRoom({ parallelism: () => parallelism, killGraceMs: 100 });
  const path = join(room.root, "calls");
  const callers = new Map<string, PromiseWithResolvers<Socket>>();
  const callerOf = (attemptId: string): PromiseWithResolvers<Socket> => {
    const caller = callers.get(attemptId) ?? Promise.withResolvers<Socket>();
    callers.set(attemptId, caller);
    return caller;
  };
  const server = createServer((socket) => {
    // Of a process that is killed.
    socket.on("error", () => undefined);
    socket.once("data", (data) => callerOf(data.toString()).resolve(socket));
  });
  server.listen(path);
  await once(server, "listening");
  return {
    executor: room.executor,
    attempt: ({ value, waits }: AttemptPlan) => {
      const attempt = room.attempt(BODY, { results: [["up", room.input(value)]] });
      const call = JSON.stringify({ path, attemptId: attempt.attemptId });
      return {
        ...attempt,
        args: [
          ["value", { kind: "result", taskId: "up", path: [] }],
          ["call", { kind: "literal", json: waits ? call : "null" }],
        ],
      };
    },
    release: (attemptId) => void callerOf(attemptId).promise.then((socket) => socket.write("go")),
    setLimit: (to) => {
      parallelism = to;
      room.executor.limitsChanged();
    },
    close: async () => {
      await room[Symbol.asyncDispose]();
      server.close();
    },
  };
}

describeExecutor("LocalExecutor", { open }, { describe, test });

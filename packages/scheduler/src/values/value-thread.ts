// The thread on which large values are worked on.

import { parentPort } from "node:worker_threads";
import { workOnValue, type ValueOrder } from "./value-work.ts";

parentPort?.on("message", (order: ValueOrder) => {
  const answer = workOnValue(order);
  parentPort?.postMessage(answer, answer.kind === "elements" ? [answer.spans.buffer as ArrayBuffer] : []);
});

// A process that writes a little, again and again, as schedulers do, and tells how long each write took.
// Forked with the url of a database; ends when it is sent a message.

import { setTimeout as rest } from "node:timers/promises";
import { openMetastore } from "@memodag/metastore";
import { NO_COUNTS } from "@memodag/result-cache";

const metastore = await openMetastore(process.argv[2] ?? "");
const waits: number[] = [];
const over = new AbortController();
process.once("message", () => over.abort());
process.send?.("ready");
while (!over.signal.aborted) {
  const startedAt = performance.now();
  await metastore.counters.add([
    { team: "bench", dagId: "d", taskId: "t", counts: { ...NO_COUNTS, hits: 1 } },
  ]);
  waits.push(performance.now() - startedAt);
  await rest(2);
}
await metastore.close();
// Not before it is on its way: what is not would be lost with the channel.
process.send?.(waits, () => process.disconnect());

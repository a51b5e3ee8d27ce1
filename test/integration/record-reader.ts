// A process that counts the records of a Dag again and again, as others see them while they are stored.

import { openMetastore } from "@memodag/metastore";
import { FilesystemRecordStore, type RecordStore } from "@memodag/result-cache";
import { systemClock } from "@memodag/core";

/** A count that was different from the one before, and when it was first and last seen. */
export interface SeenCount {
  readonly count: number;
  readonly firstAt: number;
  lastAt: number;
  reads: number;
}

const [location = "", dagId = "", until = "0"] = process.argv.slice(2);
const metastore = location.includes(":") ? await openMetastore(location) : undefined;
const records: RecordStore = metastore?.records ?? new FilesystemRecordStore(location, systemClock);
const seen: SeenCount[] = [];
process.on("disconnect", () => process.exit());
process.send?.("ready");
do {
  const readAt = Date.now();
  const count = await records.count({ dagId });
  const last = seen.at(-1);
  if (last?.count !== count) seen.push({ count, firstAt: readAt, lastAt: readAt, reads: 1 });
  else Object.assign(last, { lastAt: readAt, reads: last.reads + 1 });
} while (seen.at(-1)?.count !== Number(until));
await metastore?.close();
process.send?.(seen, () => process.disconnect());

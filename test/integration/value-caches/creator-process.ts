// A process that creates values when it is told to.

import { once } from "node:events";
import { database, openValueCache, redis } from "memodag/cache";

/** What it is told: to create many keys, or one, for which it waits for a word if it is to. */
export type CreatorOrder =
  | { readonly keys: number }
  | { readonly key: string; readonly value: string; readonly waitsForWord?: boolean };

/** What it answers: the number of its creations, and what it got. */
export interface CreatorAnswer {
  readonly created: number;
  readonly values: readonly unknown[];
}

const KEYS_AT_ONCE = 20;

const [url = "", lease = "30s"] = process.argv.slice(2);
const adapter = url.startsWith("redis:") ? redis({ url }) : database({ url });
const cache = await openValueCache({ name: "rates", adapter, lease });
let created = 0;
process.on("message", (order: CreatorOrder | "go on") => {
  if (order !== "go on") void answer(order);
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function answer(order: CreatorOrder): Promise<void> {
  created = 0;
  const values = "keys" in order ? await createMany(order.keys) : [await createOne(order)];
  process.send?.({ created, values } satisfies CreatorAnswer);
}

/** In an order of its own. */
async function createMany(count: number): Promise<unknown[]> {
  const keys = Array.from({ length: count }, (_, index) => `k${(index * 7 + process.pid) % count}`);
  const values: unknown[] = [];
  for (let start = 0; start < count; start += KEYS_AT_ONCE) {
    const some = keys.slice(start, start + KEYS_AT_ONCE);
    const create = (key: string) => () => {
      created += 1;
      return key;
    };
    values.push(...(await Promise.all(some.map((key) => cache.getOrCreate(key, create(key))))));
  }
  return values;
}

async function createOne({ key, value, waitsForWord }: Exclude<CreatorOrder, { keys: number }>) {
  return await cache.getOrCreate(key, async () => {
    created += 1;
    if (waitsForWord) {
      process.send?.("creating");
      await once(process, "message");
    }
    return value;
  });
}

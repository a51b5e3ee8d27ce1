// A process that stores and looks up entries which others store and look up at the same time.

import { sha256, silentLogger, systemClock } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import {
  FilesystemRecordStore,
  FilesystemResultStore,
  KEY_VERSION,
  ResultCache,
  cacheKey,
  type CacheAnswer,
  type KeyComponents,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import { Random } from "./random.ts";

/** What the process is sent: once for each race. */
export interface RaceOrder {
  /** Url of a metadata database, or path of a folder. */
  readonly location: string;
  readonly keys: number;
  readonly ms: number;
  readonly seed: number;
}

/** What came of it. */
export interface RaceReport {
  readonly puts: number;
  readonly lookups: number;
  /** Stores that were refused, which costs nobody an entry. */
  readonly failedPuts: number;
  /** Numbers of the keys that this process stored, or found stored. */
  readonly known: readonly number[];
  /** What was lost, doubled, torn or another's. */
  readonly faults: readonly string[];
}

const TEAM = "race";
const MOST_ASKED = 20;
const PATIENCE_MS = 60_000;

interface Value {
  readonly number: number;
  readonly writer: string;
  readonly padding: string;
}

function componentsOf(number: number): KeyComponents {
  const inputs = { number: sha256(String(number)) };
  const source = sha256("race");
  return {
    v: KEY_VERSION,
    team: TEAM,
    dag: "race",
    task: "t",
    source,
    runtime: {},
    inputs,
    context: {},
    env: {},
    version: null,
  };
}

class Racer {
  readonly #cache: ResultCache;
  readonly #random: Random;
  readonly #keys: readonly string[];
  /** Numbers whose entries are there, as this process knows: nobody ever removes one. */
  readonly #known = new Set<number>();
  readonly #faults: string[] = [];
  #puts = 0;
  #failedPuts = 0;
  #lookups = 0;

  constructor(stores: { records: RecordStore; results: ResultStore }, { keys, seed }: RaceOrder) {
    this.#random = new Random(seed);
    this.#keys = Array.from({ length: keys }, (_, number) => cacheKey(componentsOf(number)));
    this.#cache = new ResultCache({
      ...stores,
      clock: systemClock,
      log: silentLogger,
      options: {
        lookupTimeoutMs: () => PATIENCE_MS,
        storeTimeoutMs: () => PATIENCE_MS,
        maxResultSize: () => 2 ** 24,
        breakerThreshold: 1_000_000,
        breakerRestMs: 1,
      },
    });
  }

  async run(ms: number): Promise<RaceReport> {
    const endsAt = performance.now() + ms;
    while (performance.now() < endsAt) {
      if (this.#random.isTrue(0.5)) await this.#put(this.#drawn());
      else
        await this.#lookUp(Array.from({ length: this.#random.between(1, MOST_ASKED) }, () => this.#drawn()));
    }
    await this.#cache.flush();
    return {
      puts: this.#puts,
      lookups: this.#lookups,
      failedPuts: this.#failedPuts,
      known: [...this.#known],
      faults: this.#faults.slice(0, 10),
    };
  }

  #drawn(): number {
    return this.#random.between(0, this.#keys.length - 1);
  }

  async #put(number: number): Promise<void> {
    const writer = `${process.pid} ${(this.#puts += 1)}`;
    const value: Value = { number, writer, padding: "x".repeat(this.#random.between(0, 2_000)) };
    const bytes = Buffer.from(JSON.stringify(value));
    const components = componentsOf(number);
    const outcome = await this.#cache.store(
      {
        record: {
          team: TEAM,
          key: this.#keys[number] ?? "",
          dagId: "race",
          taskId: "t",
          sourceHash: components.source,
          components,
          error: null,
          producer: { runId: writer, mapIndex: -1, tryNumber: 1 },
          durationMs: 1,
          ttlMs: null,
        },
        xcoms: [{ key: "return_value", digest: sha256(bytes), bytes }],
      },
      this.#random.isTrue(0.5) ? "replace" : "keep-live",
    );
    if (outcome.kind === "failed") this.#failedPuts += 1;
    else this.#known.add(number);
  }

  async #lookUp(numbers: readonly number[]): Promise<void> {
    const known = new Set(this.#known);
    const asks = numbers.map((number) => ({ key: this.#keys[number] ?? "", ttlMs: null }));
    const outcome = await this.#cache.openPass(TEAM).ask(asks);
    if (outcome.kind !== "answered") {
      this.#faults.push(`a lookup came to ${JSON.stringify(outcome)}`);
      return;
    }
    for (const number of numbers) {
      this.#lookups += 1;
      const fault = faultOf(number, outcome.answers.get(this.#keys[number] ?? ""), known.has(number));
      if (fault) this.#faults.push(`${number}: ${fault}`);
    }
  }
}

/** What is wrong with an answer: whatever was stored is there, and record and bytes are of one writer. */
function faultOf(number: number, answer: CacheAnswer | undefined, isKnown: boolean): string | undefined {
  if (answer?.kind !== "hit") {
    if (answer?.kind === "miss" && answer.reason === "no_entry" && !isKnown) return undefined;
    return `lost: ${JSON.stringify(answer)}`;
  }
  const { record, xcoms } = answer.hit;
  const [xcom] = xcoms;
  const value = JSON.parse(Buffer.from(xcom?.bytes ?? []).toString()) as Value;
  if (value.number !== number) return `has the bytes of ${value.number}`;
  if (value.writer !== record.producer.runId)
    return `torn: the record is of ${record.producer.runId}, the bytes are of ${value.writer}`;
  return undefined;
}

async function race(order: RaceOrder): Promise<RaceReport> {
  if (!order.location.includes(":")) {
    const records = new FilesystemRecordStore(order.location, systemClock);
    const results = new FilesystemResultStore(order.location, systemClock);
    return await new Racer({ records, results }, order).run(order.ms);
  }
  const { records, results, close } = await openMetastore(order.location, {
    sqlite: { busyTimeoutMs: PATIENCE_MS },
    postgres: { maxConnections: 2 },
  });
  try {
    return await new Racer({ records, results }, order).run(order.ms);
  } finally {
    await close();
  }
}

process.on("message", (order: RaceOrder) => {
  void race(order).then(
    (report) => process.send?.(report),
    (error: unknown) =>
      process.send?.({ puts: 0, lookups: 0, failedPuts: 0, known: [], faults: [String(error)] }),
  );
});
process.send?.("ready");

// Checks whether each store of the config can be written to, read and cleaned up.

import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "@memodag/config";
import {
  DEFAULT_TEAM,
  MemodagError,
  messageOf,
  sha256,
  systemClock,
  type ByteStore,
  type Logger,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { collectBytes } from "@memodag/result-cache";
import { openByteStores, type ByteStores } from "../stores/byte-stores.ts";
import type { Finding } from "./finding.ts";

/** Writes, looks up, reads and deletes a probe in every store. */
export async function lookAtStores(
  loaded: LoadedConfig,
  database: Pick<Metastore, "bytes">,
  log: Logger,
): Promise<Finding[]> {
  const stores = openByteStores({ loaded, metadata: database.bytes, log });
  const deadlineMs = loaded.config.taskCache.storeTimeout;
  try {
    return await Promise.all(stores.names.map((name) => lookAtStore(name, stores, deadlineMs)));
  } finally {
    await stores.close();
  }
}

async function lookAtStore(name: string, stores: ByteStores, deadlineMs: number): Promise<Finding> {
  const check = "store";
  const late = new AbortController();
  const fault = new MemodagError(
    "cache_backend_failed",
    `it did not answer within ${deadlineMs}ms: check that this machine can connect to it, or raise [task_cache] store_timeout`,
  );
  const cancel = systemClock.after(deadlineMs, () => late.abort(fault));
  // Keeps the process alive while waiting: the clock's timers do not.
  const alive = setInterval(() => undefined, deadlineMs);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  late.signal.addEventListener("abort", () => ended.reject(fault), { once: true });
  try {
    await Promise.race([probe(await stores.open(name), late.signal), ended.promise]);
    return { check, status: "ok", message: `${name} stores, returns and deletes bytes` };
  } catch (error) {
    return { check, status: "fail", message: `${name}: ${messageOf(error)}` };
  } finally {
    cancel();
    clearInterval(alive);
  }
}

async function probe(store: ByteStore, signal: AbortSignal): Promise<void> {
  const bytes = new TextEncoder().encode(`written by memodag doctor, ${randomUUID()}`);
  const name = sha256(bytes);
  await store.write(DEFAULT_TEAM, name, bytes, { sizeBytes: bytes.length, sha256: name }, { signal });
  try {
    const size = (await store.stat(DEFAULT_TEAM, [name], { signal })).get(name)?.sizeBytes;
    if (size !== bytes.length)
      throw lost(`has ${size ?? "no"} bytes of ${bytes.length} that were just written`);
    const stream = await store.read(DEFAULT_TEAM, name, { signal });
    const read = stream && (await collectBytes(stream));
    if (read === undefined || sha256(read) !== name)
      throw lost("returned other bytes than were just written");
  } finally {
    await store.delete(DEFAULT_TEAM, [name]);
  }
  if ((await store.stat(DEFAULT_TEAM, [name], { signal })).size > 0)
    throw lost("still has bytes that were deleted");
}

function lost(what: string): MemodagError {
  return new MemodagError(
    "cache_backend_failed",
    `it ${what}: check that no rule or cache of the service changes objects`,
  );
}

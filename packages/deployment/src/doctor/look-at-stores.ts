// Checks whether each store of the config can be written to, read and cleaned up.

import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "@memodag/config";
import { DEFAULT_TEAM, MemodagError, sha256, type ByteStore, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import {
  collectBytes,
  openBackendModule,
  type CacheBackendModule,
  type CacheBackendOptions,
  type OpenedBackend,
  type ResultStore,
} from "@memodag/result-cache";
import { BUILT_IN, loadBackendModule, moduleOfStore, openOptions } from "../stores/backend-modules.ts";
import { openByteStores, type ByteStores } from "../stores/byte-stores.ts";
import type { Finding } from "./finding.ts";
import { lookWithin } from "./look-within.ts";

/** Writes, looks up, reads and deletes a probe in every store, and looks for a record where it has records. */
export async function lookAtStores(
  loaded: LoadedConfig,
  database: Pick<Metastore, "bytes">,
  log: Logger,
): Promise<Finding[]> {
  const stores = openByteStores({ loaded, metadata: database.bytes, log });
  const deadlineMs = loaded.config.taskCache.storeTimeout;
  try {
    return await Promise.all(
      loaded.config.stores.map(({ name }, index) =>
        lookWithin(
          "store",
          name,
          deadlineMs,
          async (signal) => await probeStore(loaded, index, stores, log, signal),
        ),
      ),
    );
  } finally {
    await stores.close();
  }
}

/** @returns what it does, for the message */
async function probeStore(
  loaded: LoadedConfig,
  index: number,
  stores: ByteStores,
  log: Logger,
  signal: AbortSignal,
): Promise<string> {
  const store = loaded.config.stores[index];
  if (!store) throw new Error("a store of the config was given");
  const module = BUILT_IN.has(store.kind) ? undefined : moduleOfStore(store, index, []);
  const exports = module && (await loadBackendModule(module, loaded.projectDir));
  const hasBytes = !exports || exports.openByteStore !== undefined;
  if (hasBytes) await probe(await stores.open(store.name), signal);
  if (!module || !exports) return "stores, returns and deletes bytes";
  const options = await openOptions(exports, module, loaded, log);
  const locks = exports.openLeaseStore ? [await probeLocks(exports, options)] : [];
  if (!exports.openCacheBackend)
    return [...(hasBytes ? ["stores, returns and deletes bytes"] : []), ...locks].join(", and ");
  const backend = await openBackendModule(exports, options, [], module.setting);
  try {
    return [await probeBackend(backend, hasBytes, signal), ...locks].join(", and ");
  } finally {
    await backend.close();
  }
}

async function probeLocks(
  module: CacheBackendModule,
  options: CacheBackendOptions<unknown>,
): Promise<string> {
  const leases = await module.openLeaseStore?.(options as never);
  try {
    await leases?.list(DEFAULT_TEAM);
  } finally {
    await leases?.close?.();
  }
  return "lists locks";
}

async function probeBackend(
  { records, results }: OpenedBackend,
  hasBytes: boolean,
  signal: AbortSignal,
): Promise<string> {
  if (results && !hasBytes) await probeResults(results, signal);
  await records?.find(DEFAULT_TEAM, [sha256("a record that was never stored")], { signal });
  const bytes = hasBytes || results ? ["stores, returns and deletes bytes"] : [];
  return [...bytes, ...(records ? ["finds records"] : [])].join(", and ");
}

async function probeResults(results: ResultStore, signal: AbortSignal): Promise<void> {
  const bytes = new TextEncoder().encode(`written by memodag doctor, ${randomUUID()}`);
  const digest = sha256(bytes);
  await results.write(DEFAULT_TEAM, [{ digest, bytes }], { signal });
  try {
    const read = (await results.read(DEFAULT_TEAM, [digest], { signal })).get(digest);
    if (read === undefined || sha256(read) !== digest)
      throw lost("returned other bytes than were just written");
  } finally {
    await results.delete(DEFAULT_TEAM, [digest]);
  }
  if ((await results.read(DEFAULT_TEAM, [digest], { signal })).size > 0)
    throw lost("still has bytes that were deleted");
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

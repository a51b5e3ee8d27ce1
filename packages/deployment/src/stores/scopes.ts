// The scopes of a config: which there are, and those that are in other databases.

import type { Config } from "@memodag/config";
import { MemodagError, messageOf, type Logger } from "@memodag/core";
import {
  DEFAULT_SCOPE,
  LazyBackend,
  OutsideScope,
  ScopedRecords,
  hasNoScopes,
  type OpenedBackend,
  type RecordStore,
  type Scopes,
} from "@memodag/result-cache";
import { openAsItIs } from "./database.ts";

/** The scopes of a config. */
export function scopesOf({ scope: { name, reads, owns } }: Config): Scopes {
  return { own: name, reads, owns };
}

/**
 * Records of a store that keeps those of each scope apart.
 * @param outside what is in other databases; empty for a store of [[stores]], which has no part in it
 */
export function recordsInScopes(
  config: Config,
  outside: ReadonlyMap<string, OutsideScope>,
  open: (scope: string) => RecordStore,
): RecordStore {
  const scopes = scopesOf(config);
  if (hasNoScopes(scopes)) return open(DEFAULT_SCOPE);
  const others = listOutside(config).map(({ name }) => [name, outside.get(name) ?? null] as const);
  return new ScopedRecords({ scopes, open, outside: new Map(others) });
}

interface OutsideConfig {
  readonly name: string;
  readonly database: string;
}

function listOutside({ scope, scopes }: Config): OutsideConfig[] {
  const named = new Set([...scope.reads, ...scope.owns]);
  return scopes.flatMap(({ name, database }) =>
    database !== undefined && named.has(name) ? [{ name, database }] : [],
  );
}

/** The open scopes of other databases. */
export interface OutsideScopes {
  readonly byName: ReadonlyMap<string, OutsideScope>;
  close(): Promise<void>;
}

/** Opens the scopes of other databases, each when it is first asked, and again after that has failed. */
export function openOutsideScopes(config: Config, log: Logger): OutsideScopes {
  const { lookupTimeout, breakerThreshold, breakerRest } = config.taskCache;
  const byName = new Map<string, OutsideScope>();
  const backends: LazyBackend[] = [];
  const stores = new Set(config.stores.map(({ name }) => name));
  // Records, then results: with both of them late, half of the deadline is left.
  const timeoutMs = Math.max(1, Math.floor(lookupTimeout / 4));
  for (const scope of listOutside(config)) {
    const backend = new LazyBackend(() => openReadOnly(scope, timeoutMs));
    backends.push(backend);
    const outside = new OutsideScope({
      name: scope.name,
      stores: backend,
      hasStore: (name) => stores.has(name),
      timeoutMs,
      breaker: { breakerThreshold, breakerRestMs: breakerRest },
      log,
    });
    byName.set(scope.name, outside);
  }
  return {
    byName,
    close: async () => {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

/** At least as long as a connection takes: it is made once, and lookups do not wait for it. */
const SHORTEST_CONNECT_MS = 1_000;

async function openReadOnly(
  { name, database: url }: OutsideConfig,
  timeoutMs: number,
): Promise<OpenedBackend> {
  try {
    const database = await openAsItIs(url, {
      sqlite: { busyTimeoutMs: timeoutMs, isReadOnly: true },
      postgres: {
        statementTimeoutMs: timeoutMs,
        connectTimeoutMs: Math.max(timeoutMs, SHORTEST_CONNECT_MS),
        isReadOnly: true,
      },
    });
    try {
      await database.requireMigrated();
    } catch (error) {
      await database.close();
      throw error;
    }
    const records = database.openRecords({ own: name, reads: [], owns: [] });
    return { records, results: database.results, close: () => database.close() };
  } catch (error) {
    const code = error instanceof MemodagError ? error.code : "cache_backend_failed";
    throw new MemodagError(code, `[[scopes]] "${name}": ${messageOf(error)}`, { cause: error });
  }
}

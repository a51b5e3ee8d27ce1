// Loads the package that keeps values on Redis, which is installed apart.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importModule, MemodagError } from "@memodag/core";
import type { ValueAdapter } from "./value-adapter.ts";

/** Options of `@memodag/redis`. */
export interface RedisOptions {
  /** Such as `redis://localhost:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /** Used where the URL has none. */
  readonly password?: string;
  /** Prefix of the names of all keys, so that a database can be shared. Default `memodag`. */
  readonly prefix?: string;
}

interface RedisPackage {
  openRedisValues(options: RedisOptions): Promise<ValueAdapter>;
}

const PACKAGE = "@memodag/redis";

/**
 * Opens values on Redis.
 * @param folder whose `node_modules` may have the package, besides those of memodag
 * @throws MemodagError `usage` when it is not installed, or the URL is none
 */
export async function openRedisAdapter(
  options: RedisOptions,
  folder: string = process.cwd(),
): Promise<ValueAdapter> {
  const { openRedisValues } = (await importModule(findPackage(folder))) as RedisPackage;
  return await openRedisValues(options);
}

function findPackage(folder: string): string {
  for (const from of [join(folder, "package.json"), import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve(PACKAGE)).href;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  throw new MemodagError(
    "usage",
    `value caches on Redis need the package ${PACKAGE}, in the version of memodag: npm install ${PACKAGE}`,
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND";
}

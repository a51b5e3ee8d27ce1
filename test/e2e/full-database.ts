// Loaded before memodag: its SQLite files have no room to grow while the file that FULL_DISK_SIGN names is there.
// SQLite's own limit of pages fails as a full disk does, without a mount.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** What is needed of the driver. */
interface Driver {
  prepare(source: string): Statement;
  pragma(source: string): unknown;
}
type Statement = Record<"run" | "get" | "all" | "iterate", (...parameters: unknown[]) => unknown>;

const sign = process.env["FULL_DISK_SIGN"] ?? "";
const metastore = fileURLToPath(new URL("../../packages/metastore/package.json", import.meta.url));
const { prototype } = createRequire(metastore)("better-sqlite3") as { readonly prototype: Driver };

/** As many pages as SQLite allows for at all. */
const UNLIMITED = 4_294_967_294;

const isFull = new WeakMap<Driver, boolean>();
const prepare: unknown = Reflect.get(prototype, "prepare");
prototype.prepare = function (source: string): Statement {
  const statement = (prepare as (this: Driver, source: string) => Statement).call(this, source);
  for (const name of ["run", "get", "all", "iterate"] as const) {
    const call = statement[name].bind(statement);
    const limited = (...parameters: unknown[]): unknown => {
      const full = existsSync(sign);
      if (isFull.get(this) !== full) {
        isFull.set(this, full);
        this.pragma(`max_page_count = ${full ? 1 : UNLIMITED}`);
      }
      return call(...parameters);
    };
    Object.defineProperty(statement, name, { value: limited, configurable: true });
  }
  return statement;
};

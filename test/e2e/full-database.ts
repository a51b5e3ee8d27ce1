// Loaded before memodag: its SQLite files have no room to grow while the file that FULL_DISK_SIGN names is there.
// SQLite's own limit of pages fails as a full disk does, without a mount.

import { existsSync } from "node:fs";

/** What is needed of the addon of better-sqlite3, whose JavaScript is in memodag's bundle. */
interface Database {
  prepare(source: string, owner: unknown, ...flags: boolean[]): Statement;
}
type Statement = Record<"run" | "get" | "all" | "iterate", (...parameters: unknown[]) => unknown>;
interface Addon {
  readonly exports: { readonly Database?: { readonly prototype: Database } };
}

const sign = process.env["FULL_DISK_SIGN"] ?? "";

/** As many pages as SQLite allows for at all. */
const UNLIMITED = 4_294_967_294;

const isFull = new WeakMap<Database, boolean>();
const load = process.dlopen.bind(process);
process.dlopen = (module, ...rest) => {
  load(module, ...rest);
  const prototype = (module as Addon).exports.Database?.prototype;
  if (prototype) limit(prototype);
};

function limit(prototype: Database): void {
  const prepare: unknown = Reflect.get(prototype, "prepare");
  prototype.prepare = function (source, owner, ...flags) {
    const prepared = (text: string, ...given: boolean[]): Statement =>
      (prepare as Database["prepare"]).call(this, text, owner, ...given);
    const statement = prepared(source, ...flags);
    for (const name of ["run", "get", "all", "iterate"] as const) {
      const call = statement[name].bind(statement);
      const limited = (...parameters: unknown[]): unknown => {
        const full = existsSync(sign);
        if (isFull.get(this) !== full) {
          isFull.set(this, full);
          prepared(`PRAGMA max_page_count = ${full ? 1 : UNLIMITED}`, true, false).all();
        }
        return call(...parameters);
      };
      Object.defineProperty(statement, name, { value: limited, configurable: true });
    }
    return statement;
  };
}

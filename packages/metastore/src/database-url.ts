// Reads the url that names a database, and shows it without its password.

import { resolve } from "node:path";
import { MemodagError } from "@memodag/core";

/** Which database a url names. */
export type DatabaseUrl =
  | { readonly dialect: "sqlite"; readonly path: string }
  | { readonly dialect: "postgres"; readonly url: string };

/** The path of a SQLite database that lives in this process's memory. */
export const IN_MEMORY = ":memory:";

/**
 * Reads `sqlite:PATH`, `postgres://…` or `postgresql://…`.
 * @param folder what a relative PATH is relative to
 * @throws MemodagError `database_unreachable` for anything else.
 */
export function parseDatabaseUrl(url: string, folder: string): DatabaseUrl {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { dialect: "postgres", url };
  const path = /^sqlite:(.+)$/s.exec(url)?.[1];
  if (path === IN_MEMORY) return { dialect: "sqlite", path };
  if (path !== undefined && !path.startsWith("//")) return { dialect: "sqlite", path: resolve(folder, path) };
  throw new MemodagError(
    "database_unreachable",
    `"${redactUrl(url)}" names no database: write "sqlite:PATH" or "postgres://USER@HOST/DATABASE"`,
    { fields: { url: redactUrl(url) } },
  );
}

/** The url with its password, if any, left out; for messages and logs. */
export function redactUrl(url: string): string {
  // With a pattern, since an invalid URL must not show its password either.
  return url
    .replace(/^([^/?#]*:\/\/[^/?#@]*?):.*@/s, "$1:***@")
    .replace(/([?&](?:password|sslpassword)=)[^&#]*/gi, "$1***");
}

// The pages of the web UI: files of one folder.

import { readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { MiddlewareHandler } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Encodings of files that lie beside them, best first. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/** Below this folder, names of files have digests of their contents: they never change. */
const HASHED = "assets/";

/**
 * Serves the files of a folder, read once, and its `index.html` for every other page: the browser makes it of its
 * address.
 */
export function serveFiles(folder: string): MiddlewareHandler {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).split(sep).join("/"), new Uint8Array(readFileSync(path)));
  }
  return async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return await next();
    const asked = c.req.path.slice(1);
    const name = files.has(asked) ? asked : "index.html";
    // A file that was there before an update is not a page.
    if (name !== asked && (asked.startsWith(HASHED) || !files.has(name))) return await next();
    const accepted = c.req.header("accept-encoding") ?? "";
    const [encoding, ending] = ENCODINGS.find(
      ([word, end]) => accepted.includes(word) && files.has(`${name}${end}`),
    ) ?? [undefined, ""];
    return c.body(files.get(`${name}${ending}`) ?? new Uint8Array(), 200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "cache-control": name.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "accept-encoding",
      ...(encoding !== undefined && { "content-encoding": encoding }),
    });
  };
}

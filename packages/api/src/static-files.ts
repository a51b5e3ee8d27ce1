// The pages of the web UI: files of one folder.

import { API_PREFIX } from "@memodag/api-contract";
import { MemodagError } from "@memodag/core";
import type { MiddlewareHandler } from "hono";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
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

const PAGE = "index.html";

/**
 * Serves the files of a folder, read once, and its `index.html` for every other address: the browser makes the page of
 * its address.
 * @throws MemodagError `config_invalid` for a folder without pages
 */
export function servePages(folder: string): MiddlewareHandler {
  const files = readFiles(folder);
  if (!files.has(PAGE)) {
    throw new MemodagError(
      "config_invalid",
      `The folder of the web UI, ${folder}, has no ${PAGE}: install memodag again, or build it`,
      { fields: { folder } },
    );
  }
  return async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return await next();
    const asked = c.req.path.slice(1);
    // A file that was there before an update is not a page.
    if (asked.startsWith(HASHED) && !files.has(asked)) return await next();
    const name = files.has(asked) ? asked : PAGE;
    const accepted = acceptedEncodings(c.req.header("accept-encoding") ?? "");
    const [encoding, ending] = ENCODINGS.find(
      ([word, end]) => accepted.has(word) && files.has(`${name}${end}`),
    ) ?? [undefined, ""];
    return c.body(files.get(`${name}${ending}`) ?? new Uint8Array(), 200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "cache-control": name.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "accept-encoding",
      ...(encoding !== undefined && { "content-encoding": encoding }),
    });
  };
}

/** Says at `/` where the document of the API is, where there are no pages. */
export const serveNoPages: MiddlewareHandler = async (c, next) => {
  if (c.req.method !== "GET" || c.req.path !== "/") return await next();
  return c.json({ document: `${API_PREFIX}/openapi.json` });
};

function readFiles(folder: string): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).split(sep).join("/"), new Uint8Array(readFileSync(path)));
  }
  return files;
}

/** Encodings with the weight 0 are refused. */
function acceptedEncodings(header: string): ReadonlySet<string> {
  const words = header.split(",").map((each) => each.split(";").map((part) => part.trim().toLowerCase()));
  return new Set(
    words.filter(([, weight]) => !/^q=0(?:\.0*)?$/.test(weight ?? "")).map(([word = ""]) => word),
  );
}

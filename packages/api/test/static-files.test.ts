// The pages of the web UI, as files of a folder.

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { securityHeaders } from "../src/security.ts";
import { serveNoPages, servePages } from "../src/static-files.ts";

describe("pages", () => {
  let folder: string;
  let app: Hono;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pages-"));
    mkdirSync(join(folder, "assets"));
    writeFileSync(join(folder, "index.html"), "<html>page</html>");
    writeFileSync(join(folder, "assets", "main-1a2b.js"), "script");
    writeFileSync(join(folder, "assets", "main-1a2b.js.br"), brotliCompressSync("script"));
    writeFileSync(join(folder, "assets", "main-1a2b.js.gz"), gzipSync("script"));
    app = new Hono();
    app.use(securityHeaders(false));
    app.use(servePages(folder));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(["/", "/index.html", "/dags/my.dag/runs/a%2Fb", "/..%2f..%2fetc/passwd", "/main.js"])(
    "answer %s with the page, which is asked for anew each time",
    async (path) => {
      const answer = await app.request(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
      expect(await answer.text()).toBe("<html>page</html>");
    },
  );

  it.each([
    ["br, gzip", "br"],
    ["gzip;q=0.5", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["identity", null],
    ["", null],
  ])(
    "have files with digests in their names kept, compressed for those who accept %j",
    async (accepted, as) => {
      const answer = await app.request("/assets/main-1a2b.js", { headers: { "accept-encoding": accepted } });
      expect(answer.headers.get("content-encoding")).toBe(as);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
      expect(answer.headers.get("vary")).toBe("accept-encoding");
      const bytes = Buffer.from(await answer.arrayBuffer());
      const decode = { br: brotliDecompressSync, gzip: gunzipSync }[as ?? ""] ?? Buffer.from;
      expect(decode(bytes).toString()).toBe("script");
    },
  );

  it("have no page in place of a file of an earlier version, and take no acts", async () => {
    expect((await app.request("/assets/main-0000.js")).status).toBe(404);
    expect((await app.request("/", { method: "POST" })).status).toBe(404);
  });

  it("may run scripts of this server alone", async () => {
    expect((await app.request("/")).headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'",
    );
  });

  it("need an index.html", () => {
    expect(() => servePages(join(folder, "assets"))).toThrow(/has no index.html: install memodag again/);
    expect(() => servePages(join(folder, "none"))).toThrow(/has no index.html/);
  });
});

it("without pages, / says where the document is", async () => {
  const app = new Hono();
  app.use(serveNoPages);
  expect(await (await app.request("/")).json()).toEqual({ document: "/api/v1/openapi.json" });
  expect((await app.request("/runs")).status).toBe(404);
});

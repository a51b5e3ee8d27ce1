// The documentation as a site: every page, the reference of the types, and the search.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "../e2e/patience.ts";
import { repository } from "./markdown.ts";

vi.setConfig(PATIENT);

/** It installs the generators, and builds them all. */
const BUILD_MS = 600_000;

const dist = join(repository, "site/dist");

beforeAll(() => {
  execFileSync("npm", ["run", "docs"], { cwd: repository, stdio: "pipe" });
}, BUILD_MS);

it("has a page for each file of docs/, and lists it or a page above it", () => {
  const sources = globSync("docs/**/*.md", { cwd: repository });
  expect(sources.length).toBeGreaterThan(20);
  const pages = sources.map((path) => path.replace(/README\.md$/, "index.md").replace(/\.md$/, ".html"));
  expect(pages.filter((page) => !existsSync(join(dist, page)))).toEqual([]);
  const index = readFileSync(join(dist, "docs/index.html"), "utf8");
  const guides = pages.filter((page) => /^docs\/[^/]+\.html$/.test(page) && !page.endsWith("index.html"));
  expect(guides.filter((page) => !index.includes(`href="/${page}"`))).toEqual([]);
});

it("has the functions and types of memodag", () => {
  const pages = globSync("api/**/*.html", { cwd: dist });
  expect(pages.some((page) => page.endsWith("/Dag.html"))).toBe(true);
  expect(pages.some((page) => page.endsWith("/testDag.html"))).toBe(true);
});

it("can be searched", () => {
  const scripts = globSync("assets/**/*localSearchIndex*.js", { cwd: dist });
  expect(scripts).toHaveLength(1);
  expect(readFileSync(join(dist, scripts[0] ?? ""), "utf8")).toContain("What a hit rests on");
});

it("refuses links that lead nowhere", () => {
  const script =
    'import { withLinks } from "./site/prepare.mjs";' +
    'const dead = []; withLinks("[a](missing.md) [b](versions.md)", "docs/README.md", dead);' +
    "process.stdout.write(JSON.stringify(dead));";
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: repository,
    encoding: "utf8",
  });
  expect(JSON.parse(stdout)).toEqual(["docs/README.md: missing.md"]);
});

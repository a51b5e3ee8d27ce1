// memodag on real versions of Node that are too old, of which those that are nearly new enough used to crash.

import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";

vi.setConfig(PATIENT);

const PACKAGES = fileURLToPath(new URL("../../packages", import.meta.url));

// npm has Node itself, in a package for each platform. Too large for everyone's `npm ci`, it is fetched here.
describe.each(["22.9.0", "23.0.0"])("on Node %s", (version) => {
  let folder: string;
  let node: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "memodag-old-node-"));
    const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}@${version}`;
    const options = ["--prefer-offline", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    execFileSync("npm", ["install", "--prefix", folder, ...options, name], { stdio: "pipe" });
    node = join(folder, globSync("node_modules/node-*/bin/node*", { cwd: folder })[0] ?? "");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["memodag", "--version"],
    ["memodag", "dags"],
    ["create-memodag", "made"],
  ])("%s %s names the versions that are new enough, and the package that brings one", (program, argument) => {
    const bin = join(PACKAGES, program, `bin/${program}.js`);
    const { status, stderr, stdout } = spawnSync(node, [bin, argument], { cwd: folder, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe(
      `${program}: memodag needs Node 22.19 or a later 22, 24.5 or a later 24, or 26 and later, and this is Node ` +
        `${version}: \`npm install --save-dev node@24\` brings one for this project, https://nodejs.org for this machine\n`,
    );
  });
});

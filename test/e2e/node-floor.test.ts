import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PACKAGES = fileURLToPath(new URL("../../packages", import.meta.url));

describe.each([
  { program: "memodag", before: ["bin"], absent: "start.cjs" },
  { program: "create-memodag", before: ["bin", "dist/node-floor.cjs"], absent: "main.js" },
])("the version of Node of $program", ({ program, before, absent }) => {
  let folder: string;
  beforeAll(() => {
    // Without the rest of the package: whatever was loaded before the check would fail.
    folder = mkdtempSync(join(tmpdir(), "memodag-floor-"));
    for (const path of before) cpSync(join(PACKAGES, program, path), join(folder, path), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(version: string): { code: number | null; stderr: string } {
    const preload = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
    const args = [
      "--import",
      `data:text/javascript,${encodeURIComponent(preload)}`,
      join(folder, `bin/${program}.js`),
    ];
    try {
      execFileSync(process.execPath, args, { stdio: "pipe" });
      return { code: 0, stderr: "" };
    } catch (error) {
      const { status, stderr } = error as { status: number | null; stderr: Buffer };
      return { code: status, stderr: stderr.toString() };
    }
  }

  it.each(["20.20.2", "22.9.0", "22.18.5", "23.0.0", "24.4.9", "25.1.0"])(
    "%s is refused in one sentence, before anything is loaded",
    (version) => {
      const { code, stderr } = start(version);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^[a-z-]+: memodag needs Node 22\.19 .*`npm install --save-dev node@24`.*\n$/);
      expect(stderr).toContain(`this is Node ${version}`);
      expect(stderr.startsWith(`${program}: `)).toBe(true);
    },
  );

  it.each(["22.19.0", "24.5.0", "26.0.0"])("%s is accepted", (version) => {
    const { stderr } = start(version);
    expect(stderr).toMatch(new RegExp(`ERR_MODULE_NOT_FOUND|Cannot find module '.*${absent}'`));
    expect(stderr).not.toContain("memodag needs Node");
  });
});

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../packages/memodag/bin", import.meta.url));

describe("the version of Node", () => {
  let folder: string;
  beforeAll(() => {
    // Without the rest of the package: whatever was loaded before the check would fail.
    folder = mkdtempSync(join(tmpdir(), "memodag-floor-"));
    cpSync(BIN, join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(version: string): { code: number | null; stderr: string } {
    const preload = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
    const args = [
      "--import",
      `data:text/javascript,${encodeURIComponent(preload)}`,
      join(folder, "bin/memodag.js"),
    ];
    try {
      execFileSync(process.execPath, args, { stdio: "pipe" });
      return { code: 0, stderr: "" };
    } catch (error) {
      const { status, stderr } = error as { status: number | null; stderr: Buffer };
      return { code: status, stderr: stderr.toString() };
    }
  }

  it.each(["20.20.2", "22.9.0", "22.18.5", "23.0.0", "24.0.0", "24.4.9", "25.1.0"])(
    "%s is refused in one sentence, before anything is loaded",
    (version) => {
      const { code, stderr } = start(version);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^memodag: memodag needs Node 22\.19 .*`npm install --save-dev node@24`.*\n$/);
      expect(stderr).toContain(`this is Node ${version}`);
    },
  );

  it.each(["22.19.0", "22.23.3", "24.5.0", "26.0.0", "27.1.0"])("%s is let pass", (version) => {
    const { stderr } = start(version);
    expect(stderr).toContain("ERR_MODULE_NOT_FOUND");
    expect(stderr).not.toContain("memodag needs Node");
  });
});

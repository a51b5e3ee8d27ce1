// Chromium for tests: the system's, else Debian's with its libraries, unpacked into the checkout without installing them.

import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unpackPackages } from "./debian-packages.ts";
import { installOnce } from "./install-once.ts";

const run = promisify(execFile);

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser that tests can start. */
export interface TestChromium {
  readonly program: string;
  /** Variables that it needs. */
  readonly env: Readonly<Record<string, string>>;
}

/** Returns `$MEMODAG_TEST_CHROMIUM`, or the system's, or one that is installed now. @throws Error that says what is needed */
export async function installChromium(): Promise<TestChromium> {
  const program = [process.env["MEMODAG_TEST_CHROMIUM"] ?? "", ...PLACES].find(existsSync);
  if (program !== undefined) return { program, env: {} };
  const needs =
    "Chromium or Chrome, at $MEMODAG_TEST_CHROMIUM or where it is installed, or apt-get and dpkg-deb to unpack Debian's";
  const root = await installOnce("chromium", needs, async (folder) => {
    // Those that this machine has not.
    const { stdout } = await run("apt-get", ["-s", "install", "--no-install-recommends", "chromium"]);
    const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
    await unpackPackages(names, folder);
  });
  const libraries = new Set(globSync(join(root, "{usr/,}lib/**/*.so*")).map((path) => dirname(path)));
  return {
    program: join(root, "usr/lib/chromium/chromium"),
    env: { LD_LIBRARY_PATH: [...libraries].join(":") },
  };
}

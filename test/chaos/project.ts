// A project in a folder of its own.

import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Makes a folder with a config and no Dag file yet; `settings` are sections in TOML. */
export function makeProject(databaseUrl: string, settings = ""): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "memodag-chaos-")));
  mkdirSync(join(folder, "dags"));
  symlinkSync(modules, join(folder, "node_modules"));
  writeFileSync(
    join(folder, "memodag.toml"),
    `[database]
url = ${JSON.stringify(databaseUrl)}
[[bundles]]
name = "dags"
path = "dags"
${settings}`,
  );
  return folder;
}

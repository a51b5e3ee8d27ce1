// Builds the site to site/dist: the pages, and the reference that TypeDoc makes from the sources.
//
// What it needs is large and has a lock file of its own, so that `npm ci` of the repository stays fast.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { prepareContent } from "./prepare.mjs";

const site = fileURLToPath(new URL(".", import.meta.url));

/** Runs a program of the site's own. */
function run(path, ...args) {
  execFileSync(process.execPath, [`${site}node_modules/${path}`, ...args], { cwd: site, stdio: "inherit" });
}

if (!isInstalled()) {
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
  // esbuild's script replaces a file by a faster one, and is not needed.
  execFileSync("npm", ["ci", "--ignore-scripts", ...quiet], { cwd: site, stdio: "inherit" });
}
prepareContent();
run("typedoc/bin/typedoc");
run("vitepress/bin/vitepress.js", "build");

/** True where what is installed is what the lock file asks for. */
function isInstalled() {
  const path = `${site}node_modules/.package-lock.json`;
  if (!existsSync(path)) return false;
  const [wanted, installed] = [`${site}package-lock.json`, path].map(
    (file) => JSON.parse(readFileSync(file, "utf8")).packages,
  );
  return Object.entries(installed).every(([name, { version }]) => wanted[name]?.version === version);
}

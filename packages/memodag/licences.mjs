// Finds the licences of the libraries that are in a bundle.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The licence texts of the libraries that the modules of a bundle, given by their paths, are of. */
export async function licencesOf(inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const files = [
      "LICENSE",
      "LICENSE.md",
      "LICENSE.txt",
      "license",
      "LICENCE",
      "LICENSE-MIT.txt",
      "COPYING",
    ];
    const read = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8").catch(() => "")));
    return `${name} ${version} (${license})\n\n${read.find((text) => text !== "") ?? ""}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

// Follows the imports of a Node script, as resolved by esbuild, and scripts that its strings name.

import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { findImportPlaces } from "../../bundling/passed-over.ts";
import { pathInBundle } from "../../path-in-bundle.ts";
import type { FileDigests } from "../../file-digests.ts";
import { namedScripts, type Followed } from "./followed.ts";
import type { StartProgram } from "./follow-python.ts";

/** Where a script runs. Paths are absolute. */
export interface NodePlace {
  readonly root: string;
  readonly cwds: readonly string[];
  readonly digests: FileDigests;
}

const EXTENSIONS = [".js", ".json", ".node", ".ts", ".mts", ".mjs", ".cjs"];
const REQUIRED = /\brequire\w*\s*\(\s*["'](\.{1,2}\/[^"']*)["']/g;
/** esbuild's message ids for computed imports. */
const COMPUTED = ["unsupported-dynamic-import", "unsupported-require-call", "indirect-require"];

/** Follows the script at `path`. */
export async function followNode(
  path: string,
  place: NodePlace,
  followed: Followed,
  startProgram: StartProgram,
): Promise<void> {
  // Before esbuild reads it, so that a change in between is noticed at the next pass.
  await followed.add(path);
  const inputs = await importsOf(path, place, followed);
  for (const input of inputs) {
    await followed.add(input);
    const text = await followed.textOf(input, `node ${place.cwds.join(":")}`);
    if (text === null || !/\.[cm]?[jt]s$|^[^.]+$/.test(input)) continue;
    // esbuild does not recognize a `require` created by createRequire().
    for (const [, required = ""] of text.matchAll(REQUIRED)) {
      const file = join(dirname(input), required);
      for (const ending of ["", ...EXTENSIONS, "/index.js"]) {
        if (await followed.add(file + ending)) startProgram(file + ending);
      }
    }
    for (const script of namedScripts(text, [...place.cwds, dirname(input)])) {
      if (await followed.add(script)) startProgram(script);
    }
  }
}

async function importsOf(path: string, { root, digests }: NodePlace, followed: Followed): Promise<string[]> {
  try {
    const { metafile, warnings } = await esbuild.build({
      entryPoints: [path],
      absWorkingDir: root,
      bundle: true,
      write: false,
      metafile: true,
      outdir: join(root, ".memodag-nowhere"),
      platform: "node",
      format: "esm",
      packages: "external",
      tsconfigRaw: "{}",
      logLevel: "silent",
      logOverride: Object.fromEntries(COMPUTED.map((name) => [name, "warning"])),
      loader: { ".node": "empty", ".wasm": "empty", ".txt": "empty", "": "js" },
    });
    for (const { id, location } of warnings) {
      if (!COMPUTED.includes(id)) continue;
      const file = location === null ? path : join(root, location.file);
      followed.addUnfollowed(file, location?.line ?? 1, (location?.lineText ?? id).trim().slice(0, 80));
    }
    const entry = pathInBundle(root, path);
    const places = await findImportPlaces(metafile, { root, entry, digests });
    for (const passed of places.passedOver) {
      if (!passed.includes("node_modules/")) followed.absent.add(join(root, passed));
    }
    return Object.keys(metafile.inputs).map((input) => join(root, input));
  } catch (error) {
    const [first] = (error as Partial<esbuild.BuildFailure>).errors ?? [];
    const file = first?.location ? join(root, first.location.file) : path;
    followed.addUnfollowed(file, first?.location?.line ?? 1, first?.text ?? "could not be read");
    return [path];
  }
}

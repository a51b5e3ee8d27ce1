// Follows what a script of Node's imports, as esbuild finds it, and scripts that its texts name.

import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { findImportPlaces } from "../../bundling/passed-over.ts";
import { pathInBundle } from "../../path-in-bundle.ts";
import type { FileDigests } from "../../file-digests.ts";
import { namedScripts, type Followed } from "./followed.ts";
import type { StartProgram } from "./follow-python.ts";

/** Where a script is run. Paths are absolute. */
export interface NodePlace {
  readonly root: string;
  readonly cwds: readonly string[];
  readonly digests: FileDigests;
}

const EXTENSIONS = [".js", ".json", ".node", ".ts", ".mts", ".mjs", ".cjs"];
const REQUIRED = /\brequire\w*\s*\(\s*["'](\.{1,2}\/[^"']*)["']/g;
/** What esbuild says of an import that is computed. */
const COMPUTED = ["unsupported-dynamic-import", "unsupported-require-call", "indirect-require"];

/** Follows the script at `path`. */
export async function followNode(
  path: string,
  place: NodePlace,
  followed: Followed,
  startProgram: StartProgram,
): Promise<void> {
  // Before esbuild reads it: what changes between is seen at the next pass.
  await followed.add(path);
  const inputs = await importsOf(path, place, followed);
  for (const input of inputs) {
    await followed.add(input);
    const text = await followed.textOf(input, `node ${place.cwds.join(":")}`);
    if (text === null || !/\.[cm]?[jt]s$|^[^.]+$/.test(input)) continue;
    // A `require` that was made by createRequire() is none to esbuild.
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

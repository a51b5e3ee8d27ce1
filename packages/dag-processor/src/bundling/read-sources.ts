// Reads the files of an artifact, and records exactly the bytes that were bundled.

import { basename, extname, posix, relative, sep } from "node:path";
import { transform, type OnLoadResult, type Plugin } from "esbuild";
import { readRegularFile } from "../file-digests.ts";
import { COMPILER_OPTIONS } from "./compiler-options.ts";

const MODULE_LOADERS: Readonly<Record<string, "js" | "jsx" | "ts" | "tsx">> = {
  ".js": "js",
  ".mjs": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
};

const OWN_PLACE = /\bimport\.meta\.(?:url|dirname|filename)\b/;

/**
 * An esbuild plugin that records every file it reads in `sources`, by absolute path. Digests are computed
 * from the bundled bytes, even if the file is saved again in the meantime.
 */
export function readSources(dagFolder: string, sources: Map<string, Uint8Array>): Plugin {
  return {
    name: "memodag-read-sources",
    setup(build) {
      build.onLoad({ filter: /./, namespace: "file" }, async ({ path, with: attributes }) => {
        const contents = await readRegularFile(path);
        if (!contents)
          return { errors: [{ text: `"${basename(path)}" is not a readable file: correct the path` }] };
        sources.set(path, contents);
        if (attributes["type"] === "text") return { contents, loader: "text" };
        if (attributes["type"] === "bytes") return { contents, loader: "binary" };
        const loader = MODULE_LOADERS[extname(path)];
        if (loader && OWN_PLACE.test(contents.toString())) {
          return keepOwnPlace(contents, loader, path, dagFolder);
        }
        return { contents, loader: "default" };
      });
    },
  };
}

/** Makes `import.meta` refer to the source's own location instead of the artifact's. */
async function keepOwnPlace(
  contents: Buffer,
  loader: "js" | "jsx" | "ts" | "tsx",
  path: string,
  dagFolder: string,
): Promise<OnLoadResult> {
  const specifier = relative(dagFolder, path).split(sep).map(encodeURIComponent).join(posix.sep);
  const url = `new URL(${JSON.stringify(`./${specifier}`)}, import.meta.url)`;
  const toPath = `process.getBuiltinModule("node:url").fileURLToPath`;
  const text = contents.toString();
  const places = [
    ["url", "__memodagUrl", `${url}.href`],
    ["filename", "__memodagFilename", `${toPath}(${url})`],
    ["dirname", "__memodagDirname", `${toPath}(new URL(".", ${url})).replace(/.\\/$/, (end) => end[0])`],
  ] as const;
  const used = places.filter(([field]) => new RegExp(`\\bimport\\.meta\\.${field}\\b`).test(text));
  try {
    const { code } = await transform(text, {
      ...COMPILER_OPTIONS,
      loader,
      sourcefile: path.slice(path.lastIndexOf(sep) + 1),
      sourcemap: "inline",
      define: Object.fromEntries(used.map(([field, name]) => [`import.meta.${field}`, name])),
      banner: used.map(([, name, value]) => `const ${name} = ${value};`).join(" "),
    });
    return { contents: code, loader: "js" };
  } catch {
    // Its syntax is invalid. esbuild reports the correct position when it reads the original file.
    return { contents, loader };
  }
}

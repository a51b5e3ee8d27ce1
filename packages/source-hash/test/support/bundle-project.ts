// Bundles a project that is a record of files, as the Dag processor bundles one on a disk.

import { posix } from "node:path";
import { build, type Plugin } from "esbuild";

/** Files by their path from the project's root. */
export type ProjectFiles = Readonly<Record<string, string>>;

/** A bundled Dag file. */
export interface BundledProject {
  readonly code: string;
  readonly map: string;
  /** Files that went in. */
  readonly inputs: readonly string[];
}

const LOADERS = {
  ".json": "json",
  ".sql": "text",
  ".txt": "text",
  ".ts": "ts",
  ".js": "js",
  ".cjs": "js",
} as const;

/** What the Dag processor gives to CommonJS sources. */
const REQUIRE_BANNER = `import { createRequire as __memodagCreateRequire } from "node:module"; const require = __memodagCreateRequire(import.meta.url);`;

/**
 * Bundles `entry`.
 * @throws esbuild's failure for what cannot be bundled.
 */
export async function bundleProject(files: ProjectFiles, entry: string): Promise<BundledProject> {
  const bundled = await bundle(files, entry, "");
  return bundled.code.includes("Dynamic require of") ? bundle(files, entry, REQUIRE_BANNER) : bundled;
}

async function bundle(files: ProjectFiles, entry: string, banner: string): Promise<BundledProject> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    keepNames: true,
    ignoreAnnotations: true,
    tsconfigRaw: "{}",
    write: false,
    metafile: true,
    sourcemap: "external",
    sourcesContent: false,
    banner: { js: banner },
    outfile: posix.join("/project", posix.dirname(entry), "artifact.mjs"),
    plugins: [virtualFiles(files)],
  });
  const textOf = (ending: string): string =>
    result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const inputs = Object.keys(result.metafile.inputs).map((path) => path.replace(/^project:\/project\//, ""));
  return { code: textOf(".mjs"), map: textOf(".map").replaceAll("project:/project/", "/project/"), inputs };
}

function virtualFiles(files: ProjectFiles): Plugin {
  return {
    name: "virtual-files",
    setup(setup) {
      setup.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind !== "entry-point" && !path.startsWith(".")) return { path, external: true };
        const found = kind === "entry-point" ? path : posix.join(posix.dirname(importer), path);
        const absolute = found.startsWith("/project/") ? found : `/project/${found}`;
        if (!(absolute.slice("/project/".length) in files))
          return { errors: [{ text: `no file ${absolute}` }] };
        return { path: absolute, namespace: "project" };
      });
      setup.onLoad({ filter: /./, namespace: "project" }, ({ path }) => {
        const ending = posix.extname(path) as keyof typeof LOADERS;
        return { contents: files[path.slice("/project/".length)] ?? "", loader: LOADERS[ending] };
      });
    },
  };
}

// Makes the tarballs that users install: one package with the whole program, and none of the internal ones; what
// `npm create memodag` fetches; and a package for each optional SDK, which nothing else brings.

import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const output = join(root, "dist");
const stage = join(output, "memodag");

/** Packages beside `memodag`, each with the SDK that it needs: bundled by their own builds. */
const OPTIONAL_PACKAGES = ["bullmq", "client", "gcs", "kubernetes", "opentelemetry", "redis", "s3"];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What users may import. */
const ENTRIES = ["index", "cache", "testing"];

const manifests = [...globSync("packages/*/package.json", { cwd: root }), "migrations/package.json"]
  .sort()
  .map((path): { folder: string; manifest: Manifest } => ({
    folder: dirname(path),
    manifest: readManifest(path),
  }));
const own = readManifest("packages/memodag/package.json");

rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });
const dist = join(root, "packages/memodag/dist");
for (const path of listReached(dist)) cpSync(join(dist, path), join(stage, "dist", path));
copyTypes({ source: "packages/memodag", entries: ENTRIES, target: stage });
for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) cpSync(join(root, name), join(stage, name));
cpSync(join(root, "packages/memodag/bin"), join(stage, "bin"), { recursive: true });
writeFileSync(join(stage, "package.json"), `${JSON.stringify(packedManifest(), null, 2)}\n`);
packStage("memodag");
stageCreate();
packStage("create-memodag");
for (const name of OPTIONAL_PACKAGES) {
  stageOptional(name);
  packStage(`memodag-${name}`);
}

function packStage(name: string): void {
  const cwd = join(output, name);
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", output], { cwd, encoding: "utf8" }),
  ) as [{ filename: string; size: number; unpackedSize: number; entryCount: number }];
  process.stdout.write(
    `dist/${packed.filename}: ${packed.entryCount} files, ${megabytes(packed.size)} packed, ` +
      `${megabytes(packed.unpackedSize)} unpacked\n`,
  );
}

function stageCreate(): void {
  const source = join(root, "packages/create-memodag");
  const target = join(output, "create-memodag");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of ["bin", "dist", "README.md"])
    cpSync(join(source, name), join(target, name), { recursive: true });
  cpSync(join(root, "LICENSE"), join(target, "LICENSE"));
  const { bin, description, engines, files, license, name, type, version } = readManifest(
    "packages/create-memodag/package.json",
  );
  const keywords = ["memodag", "create", "dag"];
  const manifest = { name, version, description, keywords, license, type, bin, files, engines };
  writeFileSync(join(target, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function stageOptional(name: string): void {
  const source = `packages/${name}`;
  const target = join(output, `memodag-${name}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const file of globSync("dist/**/*.js", { cwd: join(root, source) }))
    cpSync(join(root, source, file), join(target, file), { recursive: true });
  copyTypes({ source, entries: ["index"], target });
  cpSync(join(root, source, "README.md"), join(target, "README.md"));
  cpSync(join(root, "LICENSE"), join(target, "LICENSE"));
  const manifest = readManifest(`${source}/package.json`);
  const { dependencies, description, engines, license, type, version } = manifest;
  const packed = {
    name: manifest.name,
    version,
    description,
    keywords: ["memodag", name],
    license,
    type,
    exports: {
      ".": { types: "./types/index.d.ts", default: "./dist/index.js" },
      "./package.json": "./package.json",
    },
    files: ["dist", "types"],
    sideEffects: false,
    dependencies,
    engines,
  };
  writeFileSync(join(target, "package.json"), `${JSON.stringify(packed, null, 2)}\n`);
}

/**
 * The files of a bundle: chunks are named by their content, and a folder that was restored from a build cache still
 * has those of earlier builds.
 */
function listReached(folder: string): string[] {
  const files = globSync("**/*", { cwd: folder, withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.endsWith(".d.ts"))
    .map((file) => relative(folder, join(file.parentPath, file.name)));
  const reached = new Set(files.filter((path) => !/-[A-Z0-9]{8}\.js(?:\.map)?$/.test(path)));
  // Files that are found on the way are visited as well.
  for (const path of reached) {
    const text = readFileSync(join(folder, path), "utf8");
    for (const [, name] of text.matchAll(/([\w-]+-[A-Z0-9]{8}\.js(?:\.map)?)\b/g)) {
      const chunk = join(dirname(path), name ?? "");
      if (files.includes(chunk)) reached.add(chunk);
    }
  }
  return [...reached];
}

/** A package whose declarations are copied into the folder that is packed. */
interface TypedPackage {
  readonly source: string;
  readonly entries: readonly string[];
  readonly target: string;
}

/** The declarations that a user's types reach, with relative paths between them. */
function copyTypes(typed: TypedPackage): void {
  const { source, entries } = typed;
  const typesPath = (folder: string, path: string): string =>
    join("types", folder === source ? "" : folder.replace(/^packages\//, ""), path);
  const pending = entries.map((entry) => ({ folder: source, path: `${entry}.d.ts` }));
  const copied = new Set<string>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { folder, path } = next;
    const target = typesPath(folder, path);
    if (copied.has(target)) continue;
    copied.add(target);
    const text = readFileSync(join(root, folder, "dist", path), "utf8").replace(
      /(?<=\bfrom "|\bimport\(")(?:@memodag\/|\.)[^"]+(?=")/g,
      (specifier) => {
        const found = specifier.startsWith(".")
          ? { folder, path: join(dirname(path), specifier.replace(/\.ts$/, ".d.ts")) }
          : findDeclarations(specifier);
        pending.push(found);
        const place = relative(dirname(target), typesPath(found.folder, found.path));
        return `${place.startsWith(".") ? "" : "./"}${place.replace(/\.d\.ts$/, ".js")}`;
      },
    );
    mkdirSync(dirname(join(typed.target, target)), { recursive: true });
    writeFileSync(join(typed.target, target), text);
  }
}

/** Where the types of a package of ours, or of a subpath of it, are. */
function findDeclarations(specifier: string): { folder: string; path: string } {
  const [scope, name, ...rest] = specifier.split("/");
  const found = manifests.find(({ manifest }) => manifest.name === `${scope}/${name}`);
  const exported = found?.manifest["exports"] as Record<string, { types: string }> | undefined;
  const types = exported?.[[".", ...rest].join("/")]?.types;
  if (found === undefined || types === undefined) throw new Error(`no types of ${specifier}`);
  return { folder: found.folder, path: types.replace(/^\.\/dist\//, "") };
}

function packedManifest(): object {
  const { bin, dependencies, description, engines, license, name, type, version } = own;
  return {
    name,
    version,
    description,
    keywords: ["dag", "orchestrator", "workflow", "scheduler", "cache", "memoization", "pipeline"],
    license,
    type,
    bin,
    exports: {
      ...Object.fromEntries(
        ENTRIES.map((entry) => [
          entry === "index" ? "." : `./${entry}`,
          { types: `./types/${entry}.d.ts`, default: `./dist/${entry}.js` },
        ]),
      ),
      "./package.json": "./package.json",
    },
    files: ["bin", "dist", "types", "CHANGELOG.md"],
    sideEffects: false,
    dependencies,
    engines,
  };
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

// A project of a user's own, outside of this repository, with the packed memodag installed in it.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** What a program printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which `npm ci` installs the packed memodag; removed by {@link remove}. */
export class InstalledProject {
  readonly folder: string = mkdtempSync(join(tmpdir(), "memodag-installed-"));

  /** Packs this checkout and installs the result. */
  static async make(): Promise<InstalledProject> {
    const project = new InstalledProject();
    await project.run("npm", ["run", "--silent", "pack"], REPOSITORY);
    project.write(
      "package.json",
      JSON.stringify({ name: "project", version: "1.0.0", private: true, type: "module" }),
    );
    await project.install();
    return project;
  }

  /** Has a folder's `package.json` ask for the packed memodag, and installs it with `npm ci` from a lock file. */
  async install(folder: string = this.folder): Promise<void> {
    const path = join(folder, "package.json");
    const manifest = {
      ...(JSON.parse(readFileSync(path, "utf8")) as { name: string; version: string }),
      dependencies: { memodag: `file:${tarballOf("memodag")}` },
    };
    writeFileSync(path, JSON.stringify(manifest));
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lockFor(manifest)));
    await this.run("npm", ["ci", "--prefer-offline", ...QUIET, "--ignore-scripts"], folder);
  }

  /** `npm create memodag`, as it is packed and without a network. */
  async create(...args: string[]): Promise<Printed> {
    const options = ["--yes", "--offline", ...QUIET, `--package=file:${tarballOf("create-memodag")}`];
    return await this.run("npm", ["exec", ...options, "--", "create-memodag", ...args]);
  }

  /** What is installed here, memodag included, which has `ownMegabytes`. */
  footprint(): { packages: number; megabytes: number; ownMegabytes: number } {
    const { packages } = JSON.parse(
      readFileSync(join(this.folder, "node_modules/.package-lock.json"), "utf8"),
    ) as { packages: object };
    const modules = join(this.folder, "node_modules");
    return {
      packages: Object.keys(packages).length,
      megabytes: megabytesIn(modules),
      ownMegabytes: megabytesIn(join(modules, "memodag")),
    };
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs a program in the project. Rejects when it ends with another code than 0. */
  async run(program: string, args: readonly string[], cwd: string = this.folder): Promise<Printed> {
    // The test runner's own settings are not a user's.
    const env = Object.entries(process.env).filter(
      ([name]) => !/^(?:MEMODAG|NODE_(?:ENV|OPTIONS|PATH|TEST)|VITEST|npm_)/i.test(name),
    );
    return await promisify(execFile)(program, args, { cwd, env: Object.fromEntries(env) });
  }

  /** Runs the installed command and reads its JSON. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.run(join(this.folder, "node_modules/.bin/memodag"), [...args, "--json"]);
    return JSON.parse(stdout) as T;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const QUIET = ["--no-audit", "--no-fund", "--no-update-notifier"];

function megabytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map((file) => statSync(join(file.parentPath, file.name)).size);
  return sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
}

function tarballOf(name: string): string {
  const { version } = readManifest(join(REPOSITORY, `dist/${name}/package.json`));
  return join(REPOSITORY, `dist/${name}-${version}.tgz`);
}

/** A lock file with the versions that this checkout has: `npm ci` then finds in its cache all that it needs. */
function lockFor(root: { name: string; version: string; dependencies: object }): object {
  const packed = readManifest(join(REPOSITORY, "dist/memodag/package.json"));
  const { packages } = JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8")) as {
    packages: LockedPackages;
  };
  const { name, version, dependencies } = root;
  return {
    name,
    version,
    lockfileVersion: 3,
    packages: {
      "": { name, version, dependencies },
      "node_modules/memodag": { ...packed, resolved: `file:${tarballOf("memodag")}` },
      ...neededBy(packed, packages),
    },
  };
}

function readManifest(path: string): LockedPackage {
  const { version, bin, dependencies, engines } = JSON.parse(readFileSync(path, "utf8")) as LockedPackage & {
    bin: object;
    engines: object;
  };
  return { version, bin, dependencies, engines } as LockedPackage;
}

/** The locked packages that one needs, those that they need included. */
function neededBy(needing: LockedPackage, packages: LockedPackages): LockedPackages {
  const needed: Record<string, LockedPackage> = {};
  const pending: { of: LockedPackage; at: string }[] = [{ of: needing, at: "" }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const name of Object.keys({ ...next.of.dependencies, ...next.of.optionalDependencies })) {
      const at = findLocked(name, next.at, packages);
      const found = at === undefined ? undefined : packages[at];
      if (at === undefined || found === undefined || needed[at] !== undefined) continue;
      const { dev: _, ...locked } = found as LockedPackage & { dev?: boolean };
      needed[at] = locked;
      pending.push({ of: found, at });
    }
  }
  return needed;
}

/** Where Node would find a package from another one's place. */
function findLocked(name: string, from: string, packages: LockedPackages): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === "") return undefined;
    if (!at.includes("/node_modules/")) at = "";
  }
}

// A project of a user's own, outside of this repository, with the packed memodag installed in it.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  static async create(): Promise<InstalledProject> {
    const project = new InstalledProject();
    await project.run("npm", ["run", "--silent", "pack"], REPOSITORY);
    project.#describe();
    await project.run("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]);
    return project;
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

  /**
   * Writes package.json and a lock file with the versions that this checkout has: `npm ci` then finds in its
   * cache all that it needs.
   */
  #describe(): void {
    const packed = readManifest(join(REPOSITORY, "dist/memodag/package.json"));
    const tarball = `file:${join(REPOSITORY, `dist/memodag-${packed.version}.tgz`)}`;
    const root = { name: "project", version: "1.0.0", dependencies: { memodag: tarball } };
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8")) as {
      packages: LockedPackages;
    };
    const lock = {
      name: root.name,
      version: root.version,
      lockfileVersion: 3,
      packages: {
        "": root,
        "node_modules/memodag": { ...packed, resolved: tarball },
        ...neededBy(packed, packages),
      },
    };
    this.write("package.json", JSON.stringify({ ...root, private: true, type: "module" }));
    this.write("package-lock.json", JSON.stringify(lock));
  }
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

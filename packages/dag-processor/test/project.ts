// A project of real files in a folder of its own, and a Dag processor over it.

import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BundleSummary, type DagBundle, DagProcessor, type DagProcessorOptions } from "../src/index.ts";
import { MemoryDagStore } from "./memory-dag-store.ts";

export class Project {
  readonly root: string;
  readonly store = new MemoryDagStore();
  readonly bundle: DagBundle;

  static async create(): Promise<Project> {
    return new Project(await realpath(await mkdtemp(join(tmpdir(), "memodag-project-"))));
  }

  constructor(root: string) {
    this.root = root;
    this.bundle = { name: "main", path: join(root, "dags"), team: "default" };
  }

  /** Writes a file; the bundle's folder is `dags`. */
  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Installs a package of one module into a folder's node_modules. */
  async install(folder: string, name: string, version: string, code: string): Promise<void> {
    const manifest = { name, version, type: "module", exports: "./index.js" };
    await this.write(join(folder, "node_modules", name, "package.json"), JSON.stringify(manifest));
    await this.write(join(folder, "node_modules", name, "index.js"), code);
  }

  /** Links a package of the project into a folder's node_modules, as workspaces are. */
  async link(folder: string, name: string, target: string): Promise<void> {
    await mkdir(join(this.root, folder, "node_modules"), { recursive: true });
    await symlink(join(this.root, target), join(this.root, folder, "node_modules", name));
  }

  processor(options: Partial<DagProcessorOptions> = {}): DagProcessor {
    return new DagProcessor({ store: this.store, stateDir: join(this.root, ".state"), ...options });
  }

  process(options: Partial<DagProcessorOptions> = {}): Promise<BundleSummary> {
    return this.processor(options).processBundle(this.bundle);
  }

  dag(dagId: string) {
    const kept = this.store.dags.get(`default:${dagId}`);
    if (!kept) throw new Error(`no Dag ${dagId}`);
    return kept.dag;
  }

  async code(dagId: string): Promise<string> {
    return Buffer.from((await this.store.getArtifact(this.dag(dagId).artifactDigest)).code).toString();
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** Source of a Dag file with one task, whose handler returns `expression`. */
export function dagSource(dagId: string, expression = "1", imports = ""): string {
  return `import { Dag } from "memodag";
${imports}
export const dag = new Dag(${JSON.stringify(dagId)});
const work = dag.task("work", async (_: { n?: number }) => ${expression});
work({});
`;
}

// A Dag file, and executors of real processes that run its Dag.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type DagVersion } from "@memodag/core";
import { DagProcessor } from "@memodag/dag-processor";
import { LocalExecutor } from "@memodag/executor";
import type { Metastore } from "@memodag/metastore";
import { Values } from "@memodag/result-cache";

/** A temporary folder with a Dag file. */
export class WorkerRoom {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "memodag-bench-")));
  readonly #metastore: Metastore;
  readonly #dags = join(this.root, "dags");
  #executors = 0;

  constructor(metastore: Metastore) {
    this.#metastore = metastore;
  }

  /** Reads a Dag file with one Dag. */
  async define(dagId: string, source: string): Promise<DagVersion> {
    const { dags: store } = this.#metastore;
    mkdirSync(this.#dags, { recursive: true });
    writeFileSync(join(this.#dags, `${dagId}.ts`), source);
    const processor = new DagProcessor({ store, stateDir: join(this.root, "state") });
    await processor.processBundle({ name: "bench", path: this.#dags, team: "default" });
    const [version] = await store.findDagVersions(dagId);
    if (!version) throw new Error(`the Dag file of ${dagId} was not read`);
    return version;
  }

  /** The folder of the Dag files. */
  get bundleDir(): string {
    return this.#dags;
  }

  /** An executor with so many places, and so many processes that are started ahead. */
  executor(parallelism: number, warmWorkers: number): LocalExecutor {
    this.#executors += 1;
    return new LocalExecutor({
      parallelism: () => parallelism,
      warmWorkers: () => warmWorkers,
      warmMemory: () => Number.MAX_SAFE_INTEGER,
      artifactsDir: join(this.root, "state", "artifacts"),
      logsDir: join(this.root, "logs"),
      exchangeDir: join(this.root, `exchange-${this.#executors}`),
      ordinaryEnv: [],
      clock: systemClock,
      artifacts: this.#metastore.dags,
      values: new Values({ metadata: this.#metastore.results, clock: systemClock }),
      bundlePath: () => this.#dags,
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

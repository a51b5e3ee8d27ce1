// A DagStore in memory, with the rules of the port: all or nothing, a broken file keeps its Dags.

import {
  MemodagError,
  type Artifact,
  type CacheStorage,
  type DagFile,
  type DagFileId,
  type DagStore,
  type DagSummary,
  type DagVersion,
  type ProcessedDagFile,
  type TaskSourceRecord,
  type SerializedDag,
} from "@memodag/core";

interface KeptDag {
  readonly team: string;
  readonly file: DagFileId;
  readonly dag: SerializedDag;
}

const nameOf = ({ bundle, path }: DagFileId): string => `${bundle}:${path}`;

export class MemoryDagStore implements DagStore {
  readonly files = new Map<string, DagFile>();
  readonly dags = new Map<string, KeptDag>();
  readonly artifacts = new Map<string, Artifact>();
  /** Every save, in order. */
  readonly saves: ProcessedDagFile[] = [];

  async saveDagFile(processed: ProcessedDagFile): Promise<void> {
    const { file } = processed;
    if (processed.kind === "read") this.#refuseOtherFiles(file, processed.dags);
    this.saves.push(processed);
    const error = processed.kind === "broken" ? processed.error : null;
    this.files.set(nameOf(file), { ...file, error, processedAt: 0 });
    if (processed.kind === "broken") return;
    this.artifacts.set(processed.artifact.digest, processed.artifact);
    this.#forgetDagsOf(file);
    for (const dag of processed.dags) {
      this.dags.set(`${file.team}:${dag.dagId}`, { team: file.team, file, dag });
    }
  }

  async findTaskSources(): Promise<Map<string, TaskSourceRecord>> {
    const read = this.saves.flatMap((saved) => (saved.kind === "read" ? saved.sources : []));
    return new Map(read.map((source) => [source.sourceHash, source]));
  }

  async removeDagFilesExcept(bundle: string, paths: readonly string[]): Promise<void> {
    for (const [name, file] of this.files) {
      if (file.bundle !== bundle || paths.includes(file.path)) continue;
      this.files.delete(name);
      this.#forgetDagsOf(file);
    }
  }

  async listDagFiles(bundle?: string): Promise<DagFile[]> {
    return [...this.files.values()].filter((file) => bundle === undefined || file.bundle === bundle);
  }

  async listDags(team?: string): Promise<DagSummary[]> {
    const kept = [...this.dags.values()].filter((one) => team === undefined || one.team === team);
    return kept.map(({ team: dagTeam, file, dag }) => ({
      team: dagTeam,
      dagId: dag.dagId,
      file: { bundle: file.bundle, path: file.path },
      versionId: 1,
      isPaused: false,
      plan: { versionId: null, nextDate: null, lastDate: null },
      schedule: dag.schedule,
      tags: dag.tags,
      taskCount: dag.tasks.length,
    }));
  }

  async getArtifact(digest: string): Promise<Artifact> {
    const artifact = this.artifacts.get(digest);
    if (!artifact) throw new Error(`no artifact ${digest}`);
    return artifact;
  }

  findDagVersions(): Promise<DagVersion[]> {
    throw new Error("not needed to process Dag files");
  }

  listCacheStorages(): Promise<CacheStorage[]> {
    throw new Error("not needed to process Dag files");
  }

  getDagVersion(): Promise<DagVersion> {
    throw new Error("not needed to process Dag files");
  }

  setPaused(): Promise<boolean> {
    throw new Error("not needed to process Dag files");
  }

  #refuseOtherFiles(file: ProcessedDagFile["file"], dags: readonly SerializedDag[]): void {
    for (const { dagId } of dags) {
      const kept = this.dags.get(`${file.team}:${dagId}`);
      if (!kept || nameOf(kept.file) === nameOf(file)) continue;
      throw new MemodagError("dag_file_invalid", `${file.path}: "${dagId}" is defined in ${kept.file.path}`);
    }
  }

  #forgetDagsOf(file: DagFileId): void {
    for (const [id, kept] of this.dags) if (nameOf(kept.file) === nameOf(file)) this.dags.delete(id);
  }
}

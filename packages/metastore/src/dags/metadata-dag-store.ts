// Dag files, Dags, their versions and artifacts in the metadata database.

import {
  MemodagError,
  type Artifact,
  type CacheStorage,
  type AuditAct,
  type DagFile,
  type DagStore,
  type DagSummary,
  type DagVersion,
  type ProcessedDagFile,
  type TaskSourceRecord,
} from "@memodag/core";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { statement } from "../transaction-script.ts";
import { toDagFile, toDagSummary, toDagVersion, VERSION_COLUMNS } from "./dag-rows.ts";
import { removeDagFiles } from "./remove-dag-files.ts";
import { saveDagFile } from "./save-dag-file.ts";

/** The Dag store of the metadata database. */
export class MetadataDagStore implements DagStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** @throws MemodagError `dag_file_invalid` when another file of the team defines one of its Dags. */
  async saveDagFile(processed: ProcessedDagFile): Promise<void> {
    await this.#dialect.transaction(() => saveDagFile(this.#dialect, processed));
    await this.#announce();
  }

  async removeDagFilesExcept(bundle: string, paths: readonly string[]): Promise<void> {
    await this.#dialect.transaction(() => removeDagFiles(this.#dialect, bundle, new Set(paths)));
  }

  async listDagFiles(bundle?: string): Promise<DagFile[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("dag_file")
      .selectAll()
      .$if(bundle !== undefined, (query) => query.where("bundle", "=", bundle ?? ""))
      .orderBy("bundle")
      .orderBy("path")
      .execute();
    return rows.map(toDagFile);
  }

  async listDags(team?: string): Promise<DagSummary[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("dag")
      .innerJoin("dag_version", "dag_version.id", "dag.version_id")
      .selectAll("dag")
      .select(["dag_version.schedule", "dag_version.tags", "dag_version.task_count"])
      .where("dag.is_active", "=", 1)
      .$if(team !== undefined, (query) => query.where("dag.team", "=", team ?? ""))
      .orderBy("dag.team")
      .orderBy("dag.dag_id")
      .execute();
    return rows.map(toDagSummary);
  }

  async findDagVersions(dagId: string, team?: string): Promise<DagVersion[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("dag")
      .innerJoin("dag_version", "dag_version.id", "dag.version_id")
      .select(VERSION_COLUMNS)
      .where("dag.is_active", "=", 1)
      .where("dag.dag_id", "=", dagId)
      .$if(team !== undefined, (query) => query.where("dag.team", "=", team ?? ""))
      .orderBy("dag.team")
      .execute();
    return rows.map(toDagVersion);
  }

  async listCacheStorages(team?: string): Promise<CacheStorage[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("dag")
      .innerJoin("dag_version", "dag_version.id", "dag.version_id")
      .select(VERSION_COLUMNS)
      .where("dag.is_active", "=", 1)
      // Most Dags name none, and need not be read.
      .where((where) =>
        where.or([
          where("dag_version.dag", "like", '%"keyStorage"%'),
          where("dag_version.dag", "like", '%"resultStorage"%'),
        ]),
      )
      .$if(team !== undefined, (query) => query.where("dag.team", "=", team ?? ""))
      .orderBy("dag_version.id")
      .execute();
    const storages = new Map<string, CacheStorage>();
    for (const { cache } of rows.flatMap((row) => toDagVersion(row).dag.tasks)) {
      const { keyStorage, resultStorage } = cache ?? {};
      if (keyStorage === undefined && resultStorage === undefined) continue;
      const storage = { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) };
      storages.set(JSON.stringify(storage), storage);
    }
    return [...storages.values()];
  }

  async getDagVersion(id: number): Promise<DagVersion> {
    const row = await this.#dialect.kysely
      .selectFrom("dag_version")
      .select(VERSION_COLUMNS)
      .where("id", "=", id)
      .executeTakeFirst();
    if (row) return toDagVersion(row);
    throw new MemodagError("dag_not_found", `no version ${id} of any Dag: process the Dag files again`, {
      fields: { dagVersionId: id },
    });
  }

  async findTaskSources(
    team: string,
    sourceHashes: readonly string[],
  ): Promise<Map<string, TaskSourceRecord>> {
    if (sourceHashes.length === 0) return new Map();
    const rows = await this.#dialect.kysely
      .selectFrom("task_source")
      .select(["source_hash", "mode", "components"])
      .where("team", "=", team)
      .where("source_hash", "in", sourceHashes)
      .execute();
    return new Map(
      rows.map(({ source_hash: sourceHash, mode, components }) => [
        sourceHash,
        {
          sourceHash,
          mode: mode as TaskSourceRecord["mode"],
          components: JSON.parse(components) as TaskSourceRecord["components"],
        },
      ]),
    );
  }

  async getArtifact(digest: string): Promise<Artifact> {
    const row = await this.#dialect.kysely
      .selectFrom("dag_artifact")
      .select(["digest", "code"])
      .where("digest", "=", digest)
      .executeTakeFirst();
    if (row) return row;
    throw new MemodagError(
      "artifact_not_found",
      `no artifact ${digest}: process the Dag file that it was built from again`,
      { fields: { digest } },
    );
  }

  async setPaused(team: string, dagId: string, isPaused: boolean, act?: AuditAct): Promise<boolean> {
    const dialect = this.#dialect;
    const isSet = await dialect.transaction(function* () {
      const updated = yield* statement(
        dialect.kysely
          .updateTable("dag")
          .set({ is_paused: isPaused ? 1 : 0 })
          .where("team", "=", team)
          .where("dag_id", "=", dagId)
          .where("is_active", "=", 1)
          .returning("dag_id"),
      );
      if (updated.length === 0) return false;
      yield* writeAct(dialect, act, updated.length);
      return true;
    });
    if (isSet) await this.#announce();
    return isSet;
  }

  /** A schedule may have another date now. Who does not hear of it asks sooner or later. */
  async #announce(): Promise<void> {
    await this.#dialect.announceRuns().catch(() => undefined);
  }
}

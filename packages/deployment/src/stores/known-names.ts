// Names of Dags, runs and tasks for completion: read from the database as it is, which is never made or migrated.

import type { Metastore } from "@memodag/metastore";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";
import { openAsItIs } from "./database.ts";

/** Runs that are offered, at most. */
const MOST_RUNS = 100;

/** How long a file may be locked, in milliseconds. */
const LONGEST_LOCK_MS = 200;

/** Reads names; the database is opened when the first ones are asked for. */
class DatabaseNames implements AsyncDisposable {
  readonly #choice: ConfigChoice;
  readonly #team: string | undefined;
  #database: Promise<Metastore> | undefined;

  constructor(choice: ConfigChoice, team: string | undefined) {
    this.#choice = choice;
    this.#team = team;
  }

  async dagIds(): Promise<readonly string[]> {
    const { dags } = await this.#open();
    return (await dags.listDags(this.#team)).map(({ dagId }) => dagId);
  }

  async runIds(dagId: string): Promise<readonly string[]> {
    const { runs } = await this.#open();
    const team = this.#team === undefined ? {} : { team: this.#team };
    return (await runs.listRuns({ ...team, dagId, limit: MOST_RUNS })).map(({ runId }) => runId);
  }

  async taskIds(dagId: string): Promise<readonly string[]> {
    const { dags } = await this.#open();
    const versions = await dags.findDagVersions(dagId, this.#team);
    return versions.flatMap(({ dag }) => dag.tasks.map(({ taskId }) => taskId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#database)?.close();
  }

  async #open(): Promise<Metastore> {
    this.#database ??= openToRead(this.#choice);
    return await this.#database;
  }
}

/** Names of the database of a config, and of a team if one is given. */
export function openNames({
  team,
  ...choice
}: ConfigChoice & { readonly team: string | undefined }): DatabaseNames {
  return new DatabaseNames(choice, team);
}

async function openToRead(choice: ConfigChoice): Promise<Metastore> {
  const { config } = await loadSettings(choice);
  return await openAsItIs(config.database.url, {
    sqlite: { isReadOnly: true, busyTimeoutMs: LONGEST_LOCK_MS },
  });
}

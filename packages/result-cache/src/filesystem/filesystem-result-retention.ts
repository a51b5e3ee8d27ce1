// Collecting results that are files.

import { rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { chunksOf, type Clock, type Digest } from "@memodag/core";
import type { Amount, ResultRetention, StoredResult } from "../retention-ports.ts";
import { isMissing, withFolderFailure } from "./folder-failure.ts";
import { inBatches } from "../in-batches.ts";
import { isDigest, teamOfFolder } from "./safe-names.ts";
import { listNames, type TeamFolder } from "./team-folder.ts";

/**
 * Retention of a folder of results. Ages are those of files. Folders whose names do not tell their team
 * are left alone.
 */
export class FilesystemResultRetention implements ResultRetention {
  readonly #folder: string;
  readonly #folderOf: (team: string) => TeamFolder;
  readonly #clock: Clock;

  constructor(folder: string, folderOf: (team: string) => TeamFolder, clock: Clock) {
    this.#folder = folder;
    this.#folderOf = folderOf;
    this.#clock = clock;
  }

  async *scan(limit: number): AsyncGenerator<readonly StoredResult[]> {
    const teams = (await listNames(this.#folder)).map(teamOfFolder).filter((team) => team !== undefined);
    for (const team of teams) {
      for await (const paths of this.#folderOf(team).list("")) {
        const digests = paths.map((path) => basename(path)).filter(isDigest);
        for (const some of chunksOf(digests, limit)) yield await this.#look(team, some);
      }
    }
  }

  async sizesOf(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>> {
    const found = await this.#look(team, digests);
    return new Map(found.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
  }

  async deleteUnnamed(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    const old = (await this.#look(team, digests)).filter(({ ageMs }) => ageMs >= olderThanMs);
    const folder = this.#folderOf(team);
    await withFolderFailure(this.#folder, () =>
      inBatches(old, ({ digest }) => rm(folder.pathOf(digest), { force: true })),
    );
    return { count: old.length, sizeBytes: old.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }

  /** Those that are there. */
  async #look(team: string, digests: readonly Digest[]): Promise<StoredResult[]> {
    const folder = this.#folderOf(team);
    const look = async (digest: Digest): Promise<StoredResult | undefined> => {
      try {
        const { size, mtimeMs } = await stat(folder.pathOf(digest));
        return { team, digest, sizeBytes: size, ageMs: this.#clock.now() - mtimeMs, isShown: false };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    };
    const found = await withFolderFailure(this.#folder, () => inBatches(digests, look));
    return found.filter((result) => result !== undefined);
  }
}

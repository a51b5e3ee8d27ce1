// The inputs of attempts on this host: the code and the values that their orders refer to, through the API.

import {
  MemodagError,
  digestOfBytes,
  type Artifact,
  type ArtifactSource,
  type Clock,
  type Digest,
  type ValueReader,
  type ValueRef,
} from "@memodag/core";
import { WHOLE } from "@memodag/worker-api/protocol";
import { ApiRefusal, StoreAway, type ApiAway, type ApiClient, type ApiRequest } from "./api-client.ts";
import type { HeldAttempt } from "./held-attempt.ts";
import { persist } from "./persist.ts";
import type { ValueFiles } from "./value-files.ts";

/** The parts of {@link HostInputs}. */
export interface HostInputsParts {
  readonly client: ApiClient;
  readonly files: ValueFiles;
  readonly clock: Clock;
  /** The attempts that are on this host now. */
  readonly held: () => Iterable<HeldAttempt>;
}

/** Milliseconds for which nothing of a large value may come. */
const TIMEOUT_MS = 60_000;

/** Reads through whichever attempt refers to something: it may be read by that attempt's host alone. */
export class HostInputs implements ArtifactSource, ValueReader {
  readonly #parts: HostInputsParts;

  constructor(parts: HostInputsParts) {
    this.#parts = parts;
  }

  async getArtifact(digest: Digest): Promise<Artifact> {
    const code = await this.#fetch("artifact", digest, ({ attempt }) => attempt.artifactDigest === digest);
    return { digest, code };
  }

  async read(team: string, refs: Iterable<ValueRef>): Promise<ReadonlyMap<Digest, Uint8Array>> {
    const digests = new Set([...refs].map(({ digest }) => digest));
    const found = new Map<Digest, Uint8Array>();
    await Promise.all(
      [...digests].map(async (digest) => {
        const bytes = await this.#value(team, digest);
        if (bytes) found.set(digest, bytes);
      }),
    );
    return found;
  }

  async #value(team: string, digest: Digest): Promise<Uint8Array | undefined> {
    try {
      return await this.#parts.files.read(digest, async () => {
        return await this.#fetch(
          "value",
          digest,
          ({ attempt, digests }) => attempt.team === team && digests.has(digest),
        );
      });
    } catch (error) {
      if (error instanceof MemodagError && error.code === "xcom_not_found") return undefined;
      throw error;
    }
  }

  /** An attempt that ends meanwhile is refused: another one that refers to the same goes on. */
  async #fetch(
    route: "artifact" | "value",
    digest: Digest,
    refers: (held: HeldAttempt) => boolean,
  ): Promise<Buffer> {
    const { client, clock, held } = this.#parts;
    const refused = new Set<HeldAttempt>();
    const next = (): HeldAttempt | undefined =>
      [...held()].find((one) => refers(one) && !one.isLost && !refused.has(one));
    for (let reader = next(); reader; reader = next()) {
      const request: ApiRequest = { route, id: reader.attempt.attemptId, digest, timeoutMs: TIMEOUT_MS };
      const isOver = (): boolean => next() === undefined;
      let query = "";
      const read = async (): Promise<Buffer> => {
        const bytes = await client.send({ ...request, query });
        if ((await digestOfBytes(bytes)) === digest) return bytes;
        throw new StoreAway(`${digest} was damaged on the way`);
      };
      // The API says whether it is gone or damaged for good.
      const onAway = (error: ApiAway): void => {
        if (error instanceof StoreAway) query = `?${WHOLE}`;
      };
      try {
        return await persist(read, { clock, isOver, onAway });
      } catch (error) {
        if (!(error instanceof ApiRefusal)) throw error;
        if (error.status === 404) throw notFound(error);
        refused.add(reader);
      }
    }
    throw new MemodagError("attempt_lost", `No attempt of this worker refers to ${digest} any more`);
  }
}

function notFound({ code, message, ...rest }: ApiRefusal): MemodagError {
  const named = code === "artifact_not_found" || code === "xcom_not_found" ? code : "worker_failed";
  return new MemodagError(named, message, { cause: rest });
}

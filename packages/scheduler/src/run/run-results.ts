// What the tasks of one run have returned: digests in memory, bytes from the database when they are needed.

import {
  MemodagError,
  UNMAPPED,
  canonicalJson,
  selectField,
  sha256,
  type ArgTemplate,
  type Digest,
  type JsonValue,
  type NamedTemplate,
  type RunStore,
} from "@memodag/core";
import { compositeDigest } from "@memodag/result-cache";
import type { DagGraph, DagNode } from "../graph/dag-graph.ts";

/** Digest of the canonical JSON of `null`: what an upstream without a result stands for. */
const NULL_DIGEST = sha256("null");

/** Digests of fields kept in memory, at most: some 200 bytes each. */
const MAX_FIELD_DIGESTS = 50_000;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A returned value's digest and size. */
export interface Returned {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The returned values of one run, by digest. */
export class RunResults {
  readonly #team: string;
  readonly #graph: DagGraph;
  readonly #runs: RunStore;
  readonly #returned: Map<number, Returned>[];
  readonly #fieldDigests = new Map<string, Digest>();
  /** Bytes of this pass, which the database does not hold yet. */
  readonly #uncommitted = new Map<Digest, Uint8Array>();

  constructor(team: string, graph: DagGraph, runs: RunStore) {
    this.#team = team;
    this.#graph = graph;
    this.#runs = runs;
    this.#returned = graph.nodes.map(() => new Map<number, Returned>());
  }

  /** Notes what an instance returned. */
  setReturned(node: DagNode, mapIndex: number, returned: Returned): void {
    this.#returned[node.index]?.set(mapIndex, { digest: returned.digest, sizeBytes: returned.sizeBytes });
  }

  /** Keeps bytes at hand until {@link releaseBytes}: a mapped task may need them before they are committed. */
  keepBytes(values: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[]): void {
    for (const { digest, bytes } of values) this.#uncommitted.set(digest, bytes);
  }

  /** The database holds what was kept. */
  releaseBytes(): void {
    this.#uncommitted.clear();
  }

  /** The digest of what an unmapped task returned; undefined when it returned nothing. */
  returnedBy(node: DagNode): Digest | undefined {
    return this.#returned[node.index]?.get(UNMAPPED)?.digest;
  }

  /** The digests of what a mapped task's instances returned, in order; a gap where one did not. */
  returnedByAll(node: DagNode): (Digest | undefined)[] {
    const returned = this.#returned[node.index] ?? new Map<number, Returned>();
    let length = 0;
    for (const mapIndex of returned.keys()) length = Math.max(length, mapIndex + 1);
    return Array.from({ length }, (_, index) => returned.get(index)?.digest);
  }

  /** @throws Error when the Dag has no such task: a bug. */
  nodeOf(taskId: string): DagNode {
    const node = this.#graph.nodes[this.#graph.indexOf.get(taskId) ?? -1];
    if (!node) throw new Error(`Dag "${this.#graph.dag.dagId}" has no task "${taskId}"`);
    return node;
  }

  /** Bytes by digest. @throws MemodagError `xcom_not_found` when any is missing. */
  async readBytes(digests: Iterable<Digest>): Promise<Map<Digest, Uint8Array>> {
    const wanted = new Set(digests);
    const found = new Map<Digest, Uint8Array>();
    for (const digest of wanted) {
      const bytes = this.#uncommitted.get(digest);
      if (bytes) found.set(digest, bytes);
    }
    const stored = [...wanted].filter((digest) => !found.has(digest));
    if (stored.length === 0) return found;
    for (const [digest, bytes] of await this.#runs.readXComBytes(this.#team, stored))
      found.set(digest, bytes);
    const missing = stored.find((digest) => !found.has(digest));
    if (missing !== undefined) {
      throw new MemodagError(
        "xcom_not_found",
        `the value ${missing} of an upstream task is not in the database: clear the task that returned it`,
        { fields: { digest: missing } },
      );
    }
    return found;
  }

  /** One value, parsed. */
  async readValue(digest: Digest): Promise<JsonValue> {
    const bytes = await this.readBytes([digest]);
    return JSON.parse(decoder.decode(bytes.get(digest))) as JsonValue;
  }

  /** Bytes of what a template will come to, at most: a field counts as the value that it is taken from. */
  sizeOf(template: ArgTemplate): number {
    switch (template.kind) {
      case "literal":
        return template.json.length;
      case "list":
        return template.items.reduce((sum, item) => sum + this.sizeOf(item), 0);
      case "object":
        return template.entries.reduce((sum, [, item]) => sum + this.sizeOf(item), 0);
      case "result": {
        const node = this.nodeOf(template.taskId);
        const [index] = template.path;
        const returned = this.#returned[node.index] ?? new Map<number, Returned>();
        if (node.isMapped && index !== undefined) return returned.get(Number(index))?.sizeBytes ?? 0;
        let sum = 0;
        for (const { sizeBytes } of returned.values()) sum += sizeBytes;
        return sum;
      }
    }
  }

  /** The digest of what a template will come to, without loading any value that is taken whole. */
  async digestOf(template: ArgTemplate): Promise<Digest> {
    switch (template.kind) {
      case "literal":
        return sha256(template.json);
      case "list":
        return compositeDigest("list", await this.#digestsOf(template.items.map((item) => ["", item])));
      case "object":
        return compositeDigest("object", await this.#digestsOf(template.entries));
      case "result":
        return await this.#resultDigest(this.nodeOf(template.taskId), template.path);
    }
  }

  async #digestsOf(members: readonly NamedTemplate[]): Promise<(readonly [string, Digest])[]> {
    return await Promise.all(members.map(async ([name, item]) => [name, await this.digestOf(item)] as const));
  }

  async #resultDigest(node: DagNode, path: readonly (string | number)[]): Promise<Digest> {
    if (!node.isMapped) return await this.#fieldDigest(this.returnedBy(node), path);
    const [index, ...rest] = path;
    if (index === undefined) {
      const members = this.returnedByAll(node).map((digest) => ["", digest ?? NULL_DIGEST] as const);
      return compositeDigest("list", members);
    }
    return await this.#fieldDigest(this.#returned[node.index]?.get(Number(index))?.digest, rest);
  }

  async #fieldDigest(of: Digest | undefined, path: readonly (string | number)[]): Promise<Digest> {
    if (of === undefined) return NULL_DIGEST;
    if (path.length === 0) return of;
    const name = `${of} ${JSON.stringify(path)}`;
    const known = this.#fieldDigests.get(name);
    if (known !== undefined) return known;
    const digest = sha256(canonicalJson(selectField(await this.readValue(of), path)));
    if (this.#fieldDigests.size >= MAX_FIELD_DIGESTS) this.#fieldDigests.clear();
    this.#fieldDigests.set(name, digest);
    return digest;
  }
}

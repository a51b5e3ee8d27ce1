// What the tasks of one run have returned: digests in memory, bytes from their stores when they are needed.

import {
  askStore,
  MemodagError,
  RETURN_VALUE,
  UNMAPPED,
  sha256,
  type Digest,
  type NamedTemplate,
  type XCom,
} from "@memodag/core";
import { compositeDigest, type Values } from "@memodag/result-cache";
import type { DecidingValue } from "../graph/branch-choice.ts";
import type { DagGraph, DagNode } from "../graph/dag-graph.ts";
import { ListElements } from "./list-elements.ts";
import type { FieldPath, ValueOrder } from "./value-work.ts";
import type { ValueWorker } from "./value-worker.ts";
import { ByInstance } from "../graph/by-instance.ts";
import type { InstanceArgument } from "./instance-argument.ts";

/** Digest of the canonical JSON of `null`: what an upstream without a result stands for. */
const NULL_DIGEST = sha256("null");

/** Digests of fields kept in memory, at most: some 200 bytes each. */
const MAX_FIELD_DIGESTS = 50_000;

/** Bytes of results that one pass writes, or one result more. */
const MAX_UNCOMMITTED_BYTES = 32 * 2 ** 20;

/** A returned value's digest and size. */
export interface Returned {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** See `XCom`. */
  readonly store: string | null;
}

/** The returned values of one run, by digest. */
export class RunResults {
  readonly #team: string;
  readonly #graph: DagGraph;
  readonly #stored: Pick<Values, "read">;
  readonly #values: ValueWorker;
  readonly #returned: ByInstance<Returned>;
  /** How many instances mapped tasks have, by the task's number. */
  readonly #lengths = new Map<number, number>();
  /** Values that are not in the database, and the store that has them. */
  readonly #elsewhere = new Map<Digest, string>();
  readonly #fieldDigests = new Map<string, Digest>();
  /** Bytes of this pass, which the database does not hold yet. */
  readonly #uncommitted = new Map<Digest, Uint8Array>();
  #uncommittedBytes = 0;

  constructor(team: string, graph: DagGraph, stored: Pick<Values, "read">, values: ValueWorker) {
    this.#values = values;
    this.#team = team;
    this.#graph = graph;
    this.#stored = stored;
    this.#returned = new ByInstance(graph.nodes.length);
  }

  /** Takes an XCom of an earlier holder's row. */
  load(xcom: XCom): void {
    if (xcom.key === RETURN_VALUE) this.setReturned(this.nodeOf(xcom.taskId), xcom.mapIndex, xcom);
  }

  /** Notes what an instance returned. */
  setReturned(node: DagNode, mapIndex: number, returned: Returned): void {
    const { digest, sizeBytes, store } = returned;
    this.#returned.set(node, mapIndex, { digest, sizeBytes, store });
    if (store === null) this.#elsewhere.delete(digest);
    else this.#elsewhere.set(digest, store);
  }

  /** Forgets what an instance returned that there is no longer. */
  forgetReturned(node: DagNode, mapIndex: number): void {
    this.#returned.delete(node, mapIndex);
  }

  /** Keeps bytes at hand until {@link releaseBytes}: a mapped task may need them before they are committed. */
  keepBytes(values: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[]): void {
    for (const { digest, bytes } of values) {
      if (this.#uncommitted.has(digest)) continue;
      this.#uncommitted.set(digest, bytes);
      this.#uncommittedBytes += bytes.length;
    }
  }

  /** True when so much is kept that it should be written before there is more. */
  get isFull(): boolean {
    return this.#uncommittedBytes >= MAX_UNCOMMITTED_BYTES;
  }

  /** The database holds what was kept. */
  releaseBytes(): void {
    this.#uncommitted.clear();
    this.#uncommittedBytes = 0;
  }

  /** The digest of what an unmapped task returned; undefined when it returned nothing. */
  returnedBy(node: DagNode): Digest | undefined {
    return this.#returned.get(node, UNMAPPED)?.digest;
  }

  /** What an instance returned, by reference. */
  findReturned(node: DagNode, mapIndex: number): Returned | undefined {
    return this.#returned.get(node, mapIndex);
  }

  /** The digest of what one instance of a mapped task returned. */
  returnedAt(node: DagNode, mapIndex: number): Digest | undefined {
    return this.#returned.get(node, mapIndex)?.digest;
  }

  /** A mapped task has so many instances, whatever they will return. */
  setLength(node: DagNode, length: number): void {
    this.#lengths.set(node.index, length);
  }

  /** The digests of what a mapped task's instances returned, in order; a gap where one did not. */
  returnedByAll(node: DagNode): (Digest | undefined)[] {
    const length = this.#lengths.get(node.index) ?? 0;
    const digests: (Digest | undefined)[] = Array.from({ length }, () => undefined);
    for (const [mapIndex, { digest }] of this.#returned.entriesOf(node)) {
      while (digests.length <= mapIndex) digests.push(undefined);
      if (mapIndex >= 0) digests[mapIndex] = digest;
    }
    return digests;
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
    const refs = stored.map((digest) => ({ digest, store: this.#elsewhere.get(digest) ?? null }));
    for (const [digest, bytes] of await askStore(() => this.#stored.read(this.#team, refs)))
      found.set(digest, bytes);
    const missing = stored.find((digest) => !found.has(digest));
    if (missing !== undefined) {
      throw new MemodagError(
        "xcom_not_found",
        `the value ${missing} of an upstream task is not in ${placeOf(this.#elsewhere.get(missing))} any more: ` +
          "clear the task that returned it",
        { fields: { digest: missing } },
      );
    }
    return found;
  }

  /** The elements of the list at `path` in what a task returned; what is there instead when it is none. */
  async elementsOf(node: DagNode, path: FieldPath): Promise<ListElements | string> {
    const [index, ...rest] = path;
    const digest = node.isMapped ? this.returnedAt(node, Number(index)) : this.returnedBy(node);
    if (digest === undefined) return "null";
    const bytes = (await this.readBytes([digest])).get(digest);
    if (!bytes) throw new Error(`no bytes of ${digest}`);
    return await this.#elements({ kind: "elements", bytes, path: node.isMapped ? rest : path });
  }

  /** Likewise of a list in canonical JSON. */
  async elementsOfText(json: string): Promise<ListElements | string> {
    return await this.#elements({ kind: "elements", bytes: Buffer.from(json), path: [] });
  }

  /** What chooses: the value at `path` in what an unmapped task returned. */
  async decidingValue(node: DagNode, path: FieldPath): Promise<DecidingValue> {
    const digest = this.returnedBy(node);
    const bytes = digest === undefined ? undefined : (await this.readBytes([digest])).get(digest);
    return bytes ? await this.decidingValueOf(bytes, path) : { kind: "other", found: "nothing" };
  }

  /** Likewise in bytes that nobody has accepted yet. */
  async decidingValueOf(bytes: Uint8Array, path: FieldPath): Promise<DecidingValue> {
    const answer = await this.#values.work({ kind: "scalar", bytes, path });
    if (answer.kind === "scalar") return answer;
    if (answer.kind === "not_a_scalar") return { kind: "other", found: answer.found };
    throw new Error("a text, a number or the like was asked for");
  }

  async #elements(order: ValueOrder): Promise<ListElements | string> {
    const answer = await this.#values.work(order);
    if (answer.kind === "not_a_list") return answer.found;
    if (answer.kind !== "elements") throw new Error("elements were asked for");
    return new ListElements(answer.json, answer.spans, answer.digests);
  }

  /** Bytes of what a template will come to, at most: a field counts as the value that it is taken from. */
  sizeOf(template: InstanceArgument): number {
    switch (template.kind) {
      case "element":
        return template.elements.sizeBytes(template.index);
      case "literal":
        return template.json.length;
      case "list":
        return template.items.reduce((sum, item) => sum + this.sizeOf(item), 0);
      case "object":
        return template.entries.reduce((sum, [, item]) => sum + this.sizeOf(item), 0);
      case "result": {
        const node = this.nodeOf(template.taskId);
        const [index] = template.path;
        if (!node.isMapped) return this.#returned.get(node, UNMAPPED)?.sizeBytes ?? 0;
        if (index !== undefined) return this.#returned.get(node, Number(index))?.sizeBytes ?? 0;
        return this.#returned.entriesOf(node).reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
      }
    }
  }

  /** The digest of what a template will come to, where it is known without reading any value. */
  findDigest(template: InstanceArgument): Digest | undefined {
    switch (template.kind) {
      case "element":
        return template.elements.digest(template.index);
      case "literal":
        return sha256(template.json);
      case "result": {
        const node = this.nodeOf(template.taskId);
        return node.isMapped || template.path.length > 0 ? undefined : (this.returnedBy(node) ?? NULL_DIGEST);
      }
      default:
        return undefined;
    }
  }

  /** The digest of what a template will come to, without loading any value that is taken whole. */
  async digestOf(template: InstanceArgument): Promise<Digest> {
    const known = this.findDigest(template);
    if (known !== undefined) return known;
    switch (template.kind) {
      case "list":
        return compositeDigest("list", await this.#digestsOf(template.items.map((item) => ["", item])));
      case "object":
        return compositeDigest("object", await this.#digestsOf(template.entries));
      case "result":
        return await this.#resultDigest(this.nodeOf(template.taskId), template.path);
      default:
        throw new Error(`the digest of a ${template.kind} is known at once`);
    }
  }

  async #digestsOf(members: readonly NamedTemplate[]): Promise<(readonly [string, Digest])[]> {
    return await Promise.all(members.map(async ([name, item]) => [name, await this.digestOf(item)] as const));
  }

  async #resultDigest(node: DagNode, path: FieldPath): Promise<Digest> {
    if (!node.isMapped) return await this.#fieldDigest(this.returnedBy(node), path);
    const [index, ...rest] = path;
    if (index === undefined) {
      const members = this.returnedByAll(node).map((digest) => ["", digest ?? NULL_DIGEST] as const);
      return compositeDigest("list", members);
    }
    return await this.#fieldDigest(this.returnedAt(node, Number(index)), rest);
  }

  async #fieldDigest(of: Digest | undefined, path: FieldPath): Promise<Digest> {
    if (of === undefined) return NULL_DIGEST;
    if (path.length === 0) return of;
    const name = `${of} ${JSON.stringify(path)}`;
    const known = this.#fieldDigests.get(name);
    if (known !== undefined) return known;
    const bytes = (await this.readBytes([of])).get(of);
    const answer = bytes && (await this.#values.work({ kind: "digest", bytes, path }));
    if (answer?.kind !== "digest") throw new Error("a digest was asked for");
    const { digest } = answer;
    if (this.#fieldDigests.size >= MAX_FIELD_DIGESTS) this.#fieldDigests.clear();
    this.#fieldDigests.set(name, digest);
    return digest;
  }
}

function placeOf(store: string | undefined): string {
  return store === undefined ? "the database" : `the store "${store}"`;
}

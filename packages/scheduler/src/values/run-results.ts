// The results of the tasks of one run: digests in memory, bytes read from their stores when needed.

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
import { InstanceMap } from "../graph/instance-map.ts";
import type { InstanceArgument } from "./instance-argument.ts";

/** Digest of the canonical JSON of `null`, which stands for an upstream task without a result. */
const NULL_DIGEST = sha256("null");

/** Digests of fields kept in memory, at most; about 200 bytes each. */
const MAX_FIELD_DIGESTS = 50_000;

/** Bytes of results that one pass writes; a single result may exceed it. */
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
  readonly #returned: InstanceMap<Returned>;
  /** The number of instances of mapped tasks, by the task's number. */
  readonly #lengths = new Map<number, number>();
  /** Values that are not in the database, and the store that has them. */
  readonly #elsewhere = new Map<Digest, string>();
  readonly #fieldDigests = new Map<string, Digest>();
  readonly #projected = new Map<string, readonly (Digest | null)[]>();
  /** Bytes of this pass, which the database does not hold yet. */
  readonly #uncommitted = new Map<Digest, Uint8Array>();
  #uncommittedBytes = 0;

  readonly #mostUncommitted: number;

  /** `mostUncommitted`: bytes of results from which on it is full. */
  constructor(
    team: string,
    graph: DagGraph,
    stored: Pick<Values, "read">,
    values: ValueWorker,
    mostUncommitted: number = MAX_UNCOMMITTED_BYTES,
  ) {
    this.#mostUncommitted = mostUncommitted;
    this.#values = values;
    this.#team = team;
    this.#graph = graph;
    this.#stored = stored;
    this.#returned = new InstanceMap(graph.nodes.length);
  }

  /** Adds an XCom that an earlier holder stored. */
  load(xcom: XCom): void {
    if (xcom.key === RETURN_VALUE) this.setReturned(this.nodeOf(xcom.taskId), xcom.mapIndex, xcom);
  }

  /** Records what an instance returned. */
  setReturned(node: DagNode, mapIndex: number, returned: Returned): void {
    const { digest, sizeBytes, store } = returned;
    this.#returned.set(node, mapIndex, { digest, sizeBytes, store });
    if (store === null) this.#elsewhere.delete(digest);
    else this.#elsewhere.set(digest, store);
  }

  /** Removes the result of an instance that no longer exists. */
  forgetReturned(node: DagNode, mapIndex: number): void {
    this.#returned.delete(node, mapIndex);
  }

  /** Keeps bytes until {@link releaseBytes}: a mapped task may need them before they are committed. */
  keepBytes(values: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[]): void {
    for (const { digest, bytes } of values) {
      if (this.#uncommitted.has(digest)) continue;
      this.#uncommitted.set(digest, bytes);
      this.#uncommittedBytes += bytes.length;
    }
  }

  /** True when so many bytes are kept that they should be written first. */
  get isFull(): boolean {
    return this.#uncommittedBytes >= this.#mostUncommitted;
  }

  /** Drops the kept bytes, which the database holds now. */
  releaseBytes(): void {
    this.#uncommitted.clear();
    this.#uncommittedBytes = 0;
  }

  /** The digest of the result of an unmapped task; undefined if there is none. */
  returnedBy(node: DagNode): Digest | undefined {
    return this.#returned.get(node, UNMAPPED)?.digest;
  }

  /** The result of an instance, by reference. */
  findReturned(node: DagNode, mapIndex: number): Returned | undefined {
    return this.#returned.get(node, mapIndex);
  }

  /** The digest of the result of one instance of a mapped task. */
  returnedAt(node: DagNode, mapIndex: number): Digest | undefined {
    return this.#returned.get(node, mapIndex)?.digest;
  }

  /** Sets the number of instances of a mapped task. */
  setLength(node: DagNode, length: number): void {
    this.#lengths.set(node.index, length);
  }

  /** The number of instances of a mapped task; undefined: it is not known yet. */
  knownLengthOf(node: DagNode): number | undefined {
    return this.#lengths.get(node.index);
  }

  /** The number of instances of a mapped task, as far as it is known; 1 of another task. */
  lengthOf(node: DagNode): number {
    return node.isMapped ? (this.#lengths.get(node.index) ?? 0) : 1;
  }

  /** The digests of the results of a mapped task's instances, in order; undefined where there is none. */
  returnedByAll(node: DagNode): (Digest | undefined)[] {
    const length = this.#lengths.get(node.index) ?? 0;
    const digests: (Digest | undefined)[] = Array.from({ length }, () => undefined);
    for (const [mapIndex, { digest }] of this.#returned.entriesOf(node)) {
      while (digests.length <= mapIndex) digests.push(undefined);
      if (mapIndex >= 0) digests[mapIndex] = digest;
    }
    return digests;
  }

  /** @throws Error when the Dag has no such task, which is a bug. */
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

  /** The elements of the list at `path` in a task's result, or a description of what is there instead. */
  async elementsOf(node: DagNode, path: FieldPath): Promise<ListElements | string> {
    const [index, ...rest] = path;
    const digest = node.isMapped ? this.returnedAt(node, Number(index)) : this.returnedBy(node);
    if (digest === undefined) return "null";
    const bytes = (await this.readBytes([digest])).get(digest);
    if (!bytes) throw new Error(`no bytes of ${digest}`);
    return await this.#elements({ kind: "elements", bytes, path: node.isMapped ? rest : path });
  }

  /** The same for a list given as canonical JSON. */
  async elementsOfText(json: string): Promise<ListElements | string> {
    return await this.#elements({ kind: "elements", bytes: Buffer.from(json), path: [] });
  }

  /** The value that decides a branch: at `path` in the result of an unmapped task. */
  async decidingValue(node: DagNode, path: FieldPath): Promise<DecidingValue> {
    const digest = this.returnedBy(node);
    const bytes = digest === undefined ? undefined : (await this.readBytes([digest])).get(digest);
    return bytes ? await this.decidingValueOf(bytes, path) : { kind: "other", found: "nothing" };
  }

  /** The same for bytes that are not recorded yet. */
  async decidingValueOf(bytes: Uint8Array, path: FieldPath): Promise<DecidingValue> {
    const answer = await this.#values.work({ kind: "scalar", bytes, path });
    if (answer.kind === "scalar") return answer;
    if (answer.kind === "not_a_scalar") return { kind: "other", found: answer.found };
    throw new Error("a scalar was requested");
  }

  async #elements(order: ValueOrder): Promise<ListElements | string> {
    const answer = await this.#values.work(order);
    if (answer.kind === "not_a_list") return answer.found;
    if (answer.kind !== "elements") throw new Error("elements were requested");
    return new ListElements(answer.json, answer.spans, answer.digests);
  }

  /** An upper bound of the bytes of a resolved template: a field counts as the value that contains it. */
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

  /** The digest of a resolved template, if it is known without reading values. */
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

  /** The digest of a resolved template; does not load values that are passed as a whole. */
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
        throw new Error(`the digest of a ${template.kind} is already known`);
    }
  }

  async #digestsOf(members: readonly NamedTemplate[]): Promise<(readonly [string, Digest])[]> {
    return await Promise.all(members.map(async ([name, item]) => [name, await this.digestOf(item)] as const));
  }

  /**
   * The digests of fields below `path` of a value; `null` for a field that is not there.
   * @param value `bytes`: absent for the value of an upstream task
   */
  async fieldsOf(
    value: { readonly digest: Digest; readonly bytes?: Uint8Array },
    path: FieldPath,
    fields: readonly string[],
  ): Promise<readonly (Digest | null)[]> {
    const name = `${value.digest} ${JSON.stringify([path, fields])}`;
    const known = this.#projected.get(name);
    if (known) return known;
    const bytes = value.bytes ?? (await this.readBytes([value.digest])).get(value.digest);
    const answer = bytes && (await this.#values.work({ kind: "fields", bytes, path, fields }));
    if (answer?.kind !== "fields") throw new Error("fields were requested");
    if (this.#projected.size >= MAX_FIELD_DIGESTS) this.#projected.clear();
    this.#projected.set(name, answer.digests);
    return answer.digests;
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
    if (answer?.kind !== "digest") throw new Error("a digest was requested");
    const { digest } = answer;
    if (this.#fieldDigests.size >= MAX_FIELD_DIGESTS) this.#fieldDigests.clear();
    this.#fieldDigests.set(name, digest);
    return digest;
  }
}

function placeOf(store: string | undefined): string {
  return store === undefined ? "the database" : `the store "${store}"`;
}

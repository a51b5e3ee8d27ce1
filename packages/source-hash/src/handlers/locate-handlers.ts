// Finds the location of every handler in the artifact loaded into this process, and the values that it
// captured.

import { sha256 } from "@memodag/core";
import { FunctionInspector, type InspectedFunction } from "./function-inspector.ts";
import type { HeapEdge, HeapValue, LocatedHandlers } from "./located-handlers.ts";
import { propertiesOf, readValue } from "./read-value.ts";

type AnyFunction = (...args: never[]) => unknown;

/** Options of {@link locateHandlers}. */
export interface LocateOptions {
  /**
   * True for the URL that the artifact was imported from. Called if there are functions of several files.
   */
  readonly isArtifact: (url: string) => boolean;
  /**
   * Maximum number of captured values besides the handlers. Beyond it, the hash covers the whole graph.
   * Default: 20,000.
   */
  readonly maxValues?: number;
}

const DEFAULT_MAX_VALUES = 20_000;
/** Own properties that every function has. */
const FUNCTION_PROPERTIES = ["length", "name", "prototype", "arguments", "caller"];

/**
 * Locates handlers. Runs in the process that loaded the artifact, without running any of its code. The
 * result is
 * plain data, to be sent to the process that computes hashes.
 * @param handlers by a key of the caller's choice, such as the task's id; an object counts with all that it
 * leads to
 */
export function locateHandlers(
  handlers: ReadonlyMap<string, AnyFunction | object>,
  { isArtifact, maxValues = DEFAULT_MAX_VALUES }: LocateOptions,
): LocatedHandlers {
  const inspector = new FunctionInspector();
  try {
    const heap = new HeapReader(inspector, handlers.size + maxValues);
    const indexes = [...handlers].map(([key, handler]) => [key, heap.indexOf(handler)] as const);
    heap.read();
    heap.refuseForeign(isArtifact);
    return { handlers: indexes, heap: heap.values };
  } finally {
    inspector.close();
  }
}

class HeapReader {
  readonly values: HeapValue[] = [];
  readonly #inspector: FunctionInspector;
  readonly #maxValues: number;
  readonly #indexes = new Map<unknown, number>();
  readonly #pending: { index: number; value: unknown }[] = [];
  readonly #scripts = new Map<number, string>();

  constructor(inspector: FunctionInspector, maxValues: number) {
    this.#inspector = inspector;
    this.#maxValues = maxValues;
  }

  indexOf(value: unknown): number {
    const known = this.#indexes.get(value);
    if (known !== undefined) return known;
    const index = this.values.length;
    // -0 and 0 are the same key of a map, but different values.
    if (!Object.is(value, -0)) this.#indexes.set(value, index);
    this.values.push({ kind: "opaque", what: "a value among too many" });
    this.#pending.push({ index, value });
    return index;
  }

  /**
   * Reads pending values, and the values that they lead to, in rounds, so that functions are inspected
   * together.
   */
  read(): void {
    while (this.#pending.length > 0 && this.values.length <= this.#maxValues) {
      const round = this.#pending.splice(0);
      const functions: { index: number; value: AnyFunction }[] = [];
      for (const { index, value } of round) {
        const read = readValue(value);
        if (read.kind === "function") functions.push({ index, value: value as AnyFunction });
        else if (read.kind === "object") {
          // Its parts are values of the author's code, which cannot be sent in a message.
          this.values[index] = { kind: "object", tag: read.tag, edges: this.#edges(read.parts) };
        } else this.values[index] = read;
      }
      const inspected = this.#inspector.inspect(functions.map(({ value }) => value));
      for (const [at, { index, value }] of functions.entries()) {
        this.#readFunction(index, value, inspected[at] as InspectedFunction);
      }
    }
  }

  /** Keeps only functions of the artifact, if there are others. */
  refuseForeign(isArtifact: (url: string) => boolean): void {
    if (new Set(this.#scripts.values()).size <= 1) return;
    const urls = this.#inspector.scriptUrls();
    for (const [index, scriptId] of this.#scripts) {
      if (isArtifact(urls.get(scriptId) ?? "")) continue;
      this.values[index] = { kind: "opaque", what: "a function of another module" };
    }
  }

  #readFunction(index: number, value: AnyFunction, { location, scopes, isBound }: InspectedFunction): void {
    if (isBound) return this.#set(index, { kind: "opaque", what: "a bound function" });
    if (!location) return this.#set(index, { kind: "opaque", what: "a function of Node's own" });
    this.#scripts.set(index, location.scriptId);
    const text = Function.prototype.toString.call(value);
    this.#set(index, {
      kind: "function",
      place: {
        line: location.line,
        column: location.column,
        length: text.length,
        digest: sha256(text),
      },
      captured: this.#edges(scopes.flatMap((scope) => Object.entries(scope))),
      properties: this.#edges(propertiesOf(value, FUNCTION_PROPERTIES)),
    });
  }

  #set(index: number, value: HeapValue): void {
    this.values[index] = value;
  }

  #edges(parts: readonly (readonly [string, unknown])[]): HeapEdge[] {
    return parts.map(([label, value]) => [label, this.indexOf(value)]);
  }
}

// From what a factory was called with to templates: literals as JSON, refs by task and path.

import { MAX_JSON_DEPTH, type ArgTemplate, type NamedTemplate } from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DagState } from "./dag-state.ts";
import { literalText } from "./literal.ts";
import { isPlainObject } from "./plain-object.ts";
import { findTarget, targetIn } from "./ref-target.ts";

/** Reads the arguments of one call. Collects the tasks that they refer to. */
export class ArgumentReader {
  /** Ids of the tasks whose results the arguments are made of. */
  readonly upstream: Set<string> = new Set();
  private readonly dag: DagState;
  private readonly place: FaultPlace & { readonly taskId: string };

  constructor(dag: DagState, taskId: string) {
    this.dag = dag;
    this.place = { dagId: dag.dagId, taskId };
  }

  /** Arguments by name, ordered by it; what is `undefined` is not given. */
  readArguments(value: unknown): NamedTemplate[] {
    return this.entriesOf(value).map(([name, given]) => [name, this.read(name, given, [])]);
  }

  /** Arguments that are mapped over: each a list or a ref. */
  readMapped(value: unknown): NamedTemplate[] {
    const entries = this.entriesOf(value);
    if (entries.length === 0) {
      throw dagInvalid(this.place, {
        problem: "expand() names no argument",
        mend: "name at least one and give it a list, such as expand({ depth: [2, 3, 4] })",
      });
    }
    return entries.map(([name, given]) => [name, this.readMappedOne(name, given)]);
  }

  private readMappedOne(name: string, given: unknown): ArgTemplate {
    if (Array.isArray(given)) {
      const { maxMapLength } = this.dag.settings;
      if (given.length <= maxMapLength) return this.read(name, given, []);
      throw dagInvalid(this.place, {
        problem: `"${name}" is mapped over ${given.length} elements, more than ${maxMapLength}`,
        mend: "shorten the list, or raise maxMapLength of the Dag",
      });
    }
    if (findTarget(given)) return this.read(name, given, []);
    throw dagInvalid(this.place, {
      problem: `"${name}" is mapped over ${show(given)}`,
      mend: "give expand() a list, or the result of a task that returns one",
    });
  }

  private entriesOf(value: unknown): (readonly [string, unknown])[] {
    if (!isPlainObject(value) || findTarget(value)) {
      throw dagInvalid(this.place, {
        problem: `it is called with ${findTarget(value) ? "a task's result" : show(value)}`,
        mend: "call it with one object of named arguments, such as { rows }",
      });
    }
    return Object.keys(value)
      .sort()
      .map((name) => [name, value[name]] as const)
      .filter(([, given]) => given !== undefined);
  }

  private read(name: string, value: unknown, around: readonly unknown[]): ArgTemplate {
    const target = findTarget(value);
    if (target) {
      targetIn(this.dag, this.place.taskId, value);
      this.upstream.add(target.task.taskId);
      return { kind: "result", taskId: target.task.taskId, path: target.path };
    }
    // What has no ref in it is for the encoder to take; what is too deep, to refuse.
    if (around.length >= MAX_JSON_DEPTH || !holdsRef(value, new Set(), 0)) {
      return { kind: "literal", json: literalText(this.place, name, value) };
    }
    if (around.includes(value)) {
      throw dagInvalid(this.place, {
        problem: `cycle back to a part of itself at ${name}`,
        mend: "write the id of what it refers to",
      });
    }
    const inside = [...around, value];
    if (Array.isArray(value)) {
      const readItem = (item: unknown, index: number): ArgTemplate =>
        this.read(`${name}[${index}]`, this.refuseUndefined(name, index, item), inside);
      return { kind: "list", items: Array.from(value, readItem) };
    }
    const entries = this.entriesOf(value).map(
      ([key, member]) => [key, this.read(`${name}.${key}`, member, inside)] as const,
    );
    return { kind: "object", entries };
  }

  private refuseUndefined(name: string, index: number, item: unknown): unknown {
    if (item !== undefined) return item;
    const problem = `undefined in a list at ${name}[${index}]`;
    throw dagInvalid(this.place, { problem, mend: "write null in its place" });
  }
}

/** True when a ref is anywhere in plain data. `seen` keeps shared and circular parts from being read twice. */
function holdsRef(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  if (findTarget(value)) return true;
  if (depth >= MAX_JSON_DEPTH) return false;
  seen.add(value);
  if (Array.isArray(value)) return value.some((item) => holdsRef(item, seen, depth + 1));
  return isPlainObject(value) && Object.keys(value).some((name) => holdsRef(value[name], seen, depth + 1));
}

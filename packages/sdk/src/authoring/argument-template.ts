// Converts the arguments of a factory call to templates: literals become JSON, refs become a task
// and a path.

import { MAX_JSON_DEPTH, type ArgTemplate, type NamedTemplate } from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DagState } from "./dag-state.ts";
import { literalText } from "./literal.ts";
import { isPlainObject } from "./plain-object.ts";
import { findTarget, targetIn } from "./ref-target.ts";

/** Reads the arguments of one call and collects the tasks that they refer to. */
export class ArgumentReader {
  /** Ids of the tasks whose results the arguments contain. */
  readonly upstream: Set<string> = new Set();
  private readonly dag: DagState;
  private readonly place: FaultPlace & { readonly taskId: string };

  constructor(dag: DagState, taskId: string) {
    this.dag = dag;
    this.place = { dagId: dag.dagId, taskId };
  }

  /** Arguments sorted by name. Arguments that are `undefined` are left out. */
  readArguments(value: unknown): NamedTemplate[] {
    return this.entriesOf(value).map(([name, given]) => [name, this.read(name, given, [])]);
  }

  /** Arguments to map over. Each is a list or a ref. */
  readMapped(value: unknown): NamedTemplate[] {
    const entries = this.entriesOf(value);
    if (entries.length === 0) {
      throw dagInvalid(this.place, {
        problem: "expand() has no arguments",
        fix: "pass at least one list, such as expand({ depth: [2, 3, 4] })",
      });
    }
    return entries.map(([name, given]) => [name, this.readMappedOne(name, given)]);
  }

  private readMappedOne(name: string, given: unknown): ArgTemplate {
    if (Array.isArray(given)) {
      const { maxMapLength } = this.dag.settings;
      if (given.length <= maxMapLength) return this.read(name, given, []);
      throw dagInvalid(this.place, {
        problem: `"${name}" has ${given.length} elements to map over, more than ${maxMapLength}`,
        fix: "shorten the list, or raise the Dag's maxMapLength",
      });
    }
    if (findTarget(given)) return this.read(name, given, []);
    throw dagInvalid(this.place, {
      problem: `"${name}" is mapped over ${show(given)}`,
      fix: "pass a list to expand(), or the result of a task that returns one",
    });
  }

  private entriesOf(value: unknown): (readonly [string, unknown])[] {
    if (!isPlainObject(value) || findTarget(value)) {
      throw dagInvalid(this.place, {
        problem: `it was called with ${findTarget(value) ? "a task's result" : show(value)}`,
        fix: "pass one object of named arguments, such as { rows }",
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
    // A part without refs is left to the encoder, and so is one that is nested too deeply, which
    // the encoder rejects.
    if (around.length >= MAX_JSON_DEPTH || !holdsRef(value, new Set(), 0)) {
      return { kind: "literal", json: literalText(this.place, name, value) };
    }
    if (around.includes(value)) {
      throw dagInvalid(this.place, {
        problem: `circular reference at ${name}`,
        fix: "replace it with the id of the object it refers to",
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
    throw dagInvalid(this.place, { problem, fix: "use null instead" });
  }
}

/**
 * Returns true if plain data contains a ref at any depth. `seen` stops shared and circular parts
 * from being visited twice.
 */
function holdsRef(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  if (findTarget(value)) return true;
  if (depth >= MAX_JSON_DEPTH) return false;
  seen.add(value);
  if (Array.isArray(value)) return value.some((item) => holdsRef(item, seen, depth + 1));
  return isPlainObject(value) && Object.keys(value).some((name) => holdsRef(value[name], seen, depth + 1));
}

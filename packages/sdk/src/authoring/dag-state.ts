// What a Dag knows of itself while its file is read. Found by a registered symbol, not by class, so that
// two copies of this package in one process understand each other's Dags.

import type { NamedTemplate, SerializedBranch, SerializedRunStep, SerializedSensor } from "@memodag/core";
import type { CommandSettings } from "./command-options.ts";
import type { DagSettings } from "./dag-options.ts";
import type { AnyHandler } from "./handler.ts";
import type { TaskSettings } from "./task-options.ts";

const STATE = Symbol.for("memodag.dag");

/** How a task was called. */
export interface Placement {
  readonly args: readonly NamedTemplate[];
  readonly expand: readonly NamedTemplate[];
}

/** A task as declared and, once it was called, placed. */
export interface TaskDeclaration {
  readonly taskId: string;
  /** The innermost group that it is in. */
  readonly group: GroupDeclaration | null;
  /** `null`: the task runs a command, or the scheduler carries it out. */
  readonly handler: AnyHandler | null;
  readonly command: CommandSettings | null;
  /** How the handler is asked, when the task is a sensor. */
  readonly sensor?: SerializedSensor;
  /** What the scheduler does for it. */
  readonly runStep?: SerializedRunStep;
  readonly settings: TaskSettings;
  /** Ids of the tasks that this one waits for, through arguments or by order alone; groups apart. */
  readonly upstream: Set<string>;
  placement: Placement | null;
}

/** A task group as declared. */
export interface GroupDeclaration {
  readonly groupId: string;
  /** The group around it. */
  readonly group: GroupDeclaration | null;
  /** Ids of all tasks in it, those of the groups within too. */
  readonly taskIds: Set<string>;
}

/** What an edge connects. */
export type NodeDeclaration = TaskDeclaration | GroupDeclaration;

/** An edge of which an end, or both, is a group. */
export interface GroupEdge {
  readonly upstream: NodeDeclaration;
  readonly downstream: NodeDeclaration;
}

/** A case of a branch: canonical JSON of the value that chooses, and what it chooses. */
export interface BranchCase {
  readonly json: string;
  readonly target: NodeDeclaration;
}

/** What a task's result chooses, as declared so far. */
export interface BranchDeclaration {
  /** `null` while a switch has no case. */
  by: SerializedBranch["by"] | null;
  /** Where in the result the value is that chooses. */
  readonly path: readonly (string | number)[];
  readonly cases: BranchCase[];
  otherwise: NodeDeclaration | null;
}

/** A Dag as declared so far. */
export interface DagState {
  readonly dagId: string;
  readonly settings: DagSettings;
  /** By id, in order of declaration. */
  readonly tasks: Map<string, TaskDeclaration>;
  /** By id. */
  readonly groups: Map<string, GroupDeclaration>;
  readonly groupEdges: GroupEdge[];
  /** By the id of the task that decides. */
  readonly branches: Map<string, BranchDeclaration>;
}

/** Makes `dag` the Dag of that state. */
export function attachState(dag: object, state: DagState): void {
  Object.defineProperty(dag, STATE, { value: state });
}

/** The state of a Dag; `undefined` for anything else. */
export function findState(value: unknown): DagState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, STATE)?.value as DagState | undefined;
}

/** The id of a task or a group; the two share their names. */
export function nodeIdOf(node: NodeDeclaration): string {
  return "taskId" in node ? node.taskId : node.groupId;
}

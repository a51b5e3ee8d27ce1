// The state of a Dag while its file is read. It is attached by a registered symbol, not by class,
// so that two copies of this package in one process recognize each other's Dags.

import type { NamedTemplate, SerializedBranch, SerializedRunStep, SerializedSensor } from "@memodag/core";
import type { CommandSettings } from "./command-options.ts";
import type { DagSettings } from "./dag-options.ts";
import type { AnyHandler } from "./handler.ts";
import type { HitlSettings } from "./hitl.ts";
import type { ResultSchema } from "../schemas/standard-schema.ts";
import type { TaskSettings } from "./task-options.ts";
import type { TransactionSettings } from "./transaction-options.ts";

const STATE = Symbol.for("memodag.dag");

/** The arguments with which a task was called. */
export interface Placement {
  readonly args: readonly NamedTemplate[];
  readonly expand: readonly NamedTemplate[];
}

/** A task as declared and, once it has been called, placed. */
export interface TaskDeclaration {
  readonly taskId: string;
  /** The innermost group that contains the task. */
  readonly group: GroupDeclaration | null;
  /** `null` if the task runs a command or is carried out by the scheduler. */
  readonly handler: AnyHandler | null;
  readonly command: CommandSettings | null;
  /** Checks the result of the command. */
  readonly resultSchema?: ResultSchema;
  /** How the handler is polled, if the task is a sensor. */
  readonly sensor?: SerializedSensor;
  /** Set if the task waits for an answer. */
  readonly hitl?: HitlSettings;
  /** The step that the scheduler carries out for the task. */
  readonly runStep?: SerializedRunStep;
  readonly settings: TaskSettings;
  /**
   * Ids of the tasks that this one waits for, because of an argument or an edge. Without edges of
   * groups.
   */
  readonly upstream: Set<string>;
  placement: Placement | null;
}

/** A task group as declared. */
export interface GroupDeclaration {
  readonly groupId: string;
  /** The enclosing group. */
  readonly group: GroupDeclaration | null;
  /** Ids of all tasks in the group, including those of nested groups. */
  readonly taskIds: Set<string>;
  /** Set for a transaction. */
  readonly transaction?: TransactionSettings;
}

/** A node that an edge connects. */
export type NodeDeclaration = TaskDeclaration | GroupDeclaration;

/** An edge with a group on at least one end. */
export interface GroupEdge {
  readonly upstream: NodeDeclaration;
  readonly downstream: NodeDeclaration;
}

/** A case of a branch: the canonical JSON of the value that selects it, and the selected target. */
export interface BranchCase {
  readonly json: string;
  readonly target: NodeDeclaration;
}

/** A branch that a task's result decides, as declared so far. */
export interface BranchDeclaration {
  /** `null` while a switch has no cases. */
  by: SerializedBranch["by"] | null;
  /** Path of the deciding value within the result. */
  readonly path: readonly (string | number)[];
  readonly cases: BranchCase[];
  otherwise: NodeDeclaration | null;
}

/** A Dag as declared so far. */
export interface DagState {
  readonly dagId: string;
  readonly settings: DagSettings;
  /** Tasks by id, in order of declaration. */
  readonly tasks: Map<string, TaskDeclaration>;
  /** Tasks ever declared. Differs from the size of `tasks` where the file replaced methods of `Map`. */
  taskCount: number;
  /** Groups by id. */
  readonly groups: Map<string, GroupDeclaration>;
  readonly groupEdges: GroupEdge[];
  /** Branches by the id of the deciding task. */
  readonly branches: Map<string, BranchDeclaration>;
}

/** Attaches the state to `dag`. */
export function attachState(dag: object, state: DagState): void {
  Object.defineProperty(dag, STATE, { value: state });
}

/** Returns the state of a Dag, or `undefined` for any other value. */
export function findState(value: unknown): DagState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, STATE)?.value as DagState | undefined;
}

/** Returns the id of a task or group. Tasks and groups share one namespace. */
export function nodeIdOf(node: NodeDeclaration): string {
  return "taskId" in node ? node.taskId : node.groupId;
}

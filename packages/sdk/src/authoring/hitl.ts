// Tasks that wait for an answer from a person: `hitl(…)` and `approval(…)`, which are passed to
// `dag.task` in place of a handler. Named as in Airflow's TypeScript SDK.

import type { HumanParam, HumanUser, JsonObject, JsonSchema, JsonValue } from "@memodag/core";
import type { NoArguments } from "./handler.ts";
import type { StandardSchema } from "../schemas/standard-schema.ts";
import type { TaskDefaults } from "./task-options.ts";

/**
 * Symbol under which a task of this kind keeps its options. Registered, so that all copies of this
 * package share it.
 */
const SPEC: unique symbol = Symbol.for("memodag.hitl");

/** Symbol under which the compiler keeps the arguments. There is no such property. */
declare const ARGUMENTS: unique symbol;

/** Text that is shown: fixed, or computed from the task's arguments before it is shown. */
export type HITLText<Args extends object, Text extends string | null = string> =
  | Text
  | ((args: Args) => Text | Promise<Text>);

/** A person who may answer. `id` is the name that `memodag audit ls` shows for them. */
export type HITLUser = HumanUser;

/** A field of the form that goes with a request. */
export interface HITLParam {
  /** Value of the field if it is left as it is, and if time runs out. */
  readonly value: JsonValue;
  readonly description?: string;
  /**
   * A JSON schema (draft 2020-12) that answers must match, or a validator that can export one.
   * Default: any JSON is valid.
   */
  readonly schema?: JsonSchema | StandardSchema;
}

/** Options of every task that waits for an answer. */
interface BaseSpec<SubjectArgs extends object, BodyArgs extends object> {
  /** Headline of the request. */
  readonly subject: HITLText<SubjectArgs>;
  /** Markdown shown below the headline. */
  readonly body?: HITLText<BodyArgs, string | null> | null;
  /** Who may answer. Default: anyone who may run commands. */
  readonly assignedUsers?: readonly HITLUser[];
  /** Fields of a form, by name. */
  readonly params?: Readonly<Record<string, HITLParam>>;
  /**
   * How long to wait for an answer: seconds, or a string such as `"2h"`. Then the defaults are chosen,
   * or, without defaults, the attempt fails. Default: no limit.
   */
  readonly responseTimeout?: number | string;
}

/** Options of {@link hitl}. */
export interface HITLSpec<
  SubjectArgs extends object = NoArguments,
  BodyArgs extends object = SubjectArgs,
> extends BaseSpec<SubjectArgs, BodyArgs> {
  /** The options to choose from. */
  readonly options: readonly string[];
  /** Options that are chosen when time runs out. */
  readonly defaults?: readonly string[];
  /** If true, more than one option may be chosen. Default: false. */
  readonly multiple?: boolean;
}

/** Options of {@link approval}. */
export interface ApprovalSpec<
  SubjectArgs extends object = NoArguments,
  BodyArgs extends object = SubjectArgs,
> extends BaseSpec<SubjectArgs, BodyArgs> {
  /** The answer that is given when time runs out. */
  readonly defaults?: "Approve" | "Reject";
  /**
   * If true, a rejection skips every task downstream instead of only those directly downstream.
   * Default: false.
   */
  readonly ignoreDownstreamTriggerRules?: boolean;
  /**
   * If true, a rejection fails the attempt instead of skipping what follows; another attempt asks
   * again. Default: false.
   */
  readonly failOnReject?: boolean;
}

/** The result of a task that waits for an answer. Keys are spelled as in Airflow. */
export interface HITLResult {
  readonly chosen_options: string[];
  readonly params_input: Record<string, JsonValue>;
  /** ISO 8601 in UTC. */
  readonly responded_at: string;
  /** `null` if time ran out and the defaults were chosen. */
  readonly responded_by_user: HITLUser | null;
  /** True if time ran out and the defaults were chosen. */
  readonly timedout: boolean;
}

/** Options of a task that waits for an answer, besides those of {@link hitl}. */
export interface HITLTaskOptions extends TaskDefaults {
  /** An answer is not cached: each run asks. */
  readonly cache?: false;
}

/** A task that waits for an answer, for `dag.task`. */
export interface HITLTask<Args extends object = NoArguments> {
  readonly [SPEC]: DeclaredHitl;
  readonly [ARGUMENTS]?: (args: Args) => void;
}

/** A task of this kind, as declared. */
export interface DeclaredHitl {
  readonly kind: "hitl" | "approval";
  readonly spec: unknown;
}

/** The arguments of a task whose subject and body take these. */
type TextArgs<Subject extends object, Body extends object> = [Subject] extends [NoArguments]
  ? Body
  : [Body] extends [NoArguments]
    ? Subject
    : Subject & Body;

/**
 * A task that asks a person to choose, for `dag.task`. Its result is the answer.
 *
 * @example
 * ```ts
 * const region = dag.task(
 *   "region",
 *   hitl({
 *     subject: ({ version }: { version: string }) => `Where should ${version} go?`,
 *     options: ["us", "eu"],
 *   }),
 * )({ version });
 * ```
 */
export function hitl<SubjectArgs extends object = NoArguments, BodyArgs extends object = SubjectArgs>(
  spec: HITLSpec<SubjectArgs, BodyArgs>,
): HITLTask<TextArgs<SubjectArgs, BodyArgs>> {
  return Object.freeze({ [SPEC]: { kind: "hitl", spec } as const });
}

/**
 * A task that asks a person to approve or reject, for `dag.task`. A rejection skips the tasks directly
 * downstream.
 *
 * @example
 * ```ts
 * dag.task("sign_off", approval({ subject: "Ship it?" }))().before(publish());
 * ```
 */
export function approval<SubjectArgs extends object = NoArguments, BodyArgs extends object = SubjectArgs>(
  spec: ApprovalSpec<SubjectArgs, BodyArgs>,
): HITLTask<TextArgs<SubjectArgs, BodyArgs>> {
  return Object.freeze({ [SPEC]: { kind: "approval", spec } as const });
}

/** Returns a value's declaration if it is a task that waits for an answer. */
export function findHitl(value: unknown): DeclaredHitl | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, SPEC)?.value as DeclaredHitl | undefined;
}

type AnyText = string | ((args: JsonObject) => unknown);

/** The options after reading. */
export interface HitlSettings {
  readonly subject: AnyText;
  readonly body: AnyText | null;
  readonly options: readonly string[];
  readonly multiple: boolean;
  readonly defaults: readonly string[] | null;
  readonly params: Readonly<Record<string, HumanParam>>;
  readonly assignedUsers: readonly HumanUser[];
  readonly timeoutMs: number | null;
  /** How a rejection ends; `null`: not an approval, no option has a meaning of its own. */
  readonly onReject: "fail" | "skip_next" | "skip_all" | null;
}

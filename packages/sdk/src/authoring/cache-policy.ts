// Cache policies: rules of caching as frozen values that tasks and Dags share. They compile to the options of `cache`.

import { MemodagError } from "@memodag/core";
import { canonicalContextPath, CONTEXT_PATH_RULE, isContextPath } from "../context/context-path.ts";
import { show } from "./dag-fault.ts";
import type { CacheSettings } from "./cache-settings.ts";
import {
  findKeyFunction,
  type KeyFunction,
  type KeyFunctionOptions,
  type ReadKeyFunction,
} from "./key-function.ts";

/** The content of a policy in its one normal form: lists are sorted and without duplicates. */
export interface PolicyForm {
  /** Arguments that are left out of the key; `null`: no argument is in the key. */
  readonly minus: readonly string[] | null;
  /** True if the code is in the key. */
  readonly hasSource: boolean;
  readonly version: string | null;
  readonly context: readonly string[];
  readonly env: readonly string[];
  /** The function whose answer is in the key; `null`: there is none. */
  readonly key: ReadKeyFunction | null;
  readonly settings: CacheSettings;
}

/**
 * A cache policy: what is in a task's cache key besides team, Dag, task and runtime, and how results are kept.
 * Policies are frozen; every method returns a new one. `Name` is the union of the arguments that the policy leaves
 * out: only a task that has all of them may use it. `Args` are the arguments that its key function takes.
 *
 * @example
 * ```ts
 * const HOUSE = INPUTS.plus(SOURCE, env("MODEL_HOME")).with({ ttl: "30d" });
 *
 * dag.task("train", train, { cache: HOUSE.minus("account").plus(RUN_ID) });
 * dag.task("score", score, { cache: { policy: HOUSE, errors: "1h" } });
 * ```
 */
export interface CachePolicy<out Name extends string = never, in Args extends object = object> {
  /** Arguments that the policy leaves out of the key. */
  readonly leavesOut: readonly Name[];
  /** The arguments of its key function, for the compiler only. There is no such property. */
  readonly "~keyOf"?: (args: Args) => void;
  /**
   * Adds parts. The order never matters, and a key never becomes coarser by it: an argument is left out only if every
   * policy with {@link INPUTS} leaves it out.
   *
   * @throws MemodagError `dag_invalid` if two policies differ in a version, a key function or a setting
   */
  plus<Other extends string = never, OtherArgs extends object = object>(
    ...parts: readonly CachePolicy<Other, OtherArgs>[]
  ): CachePolicy<Name | Other, Args & OtherArgs>;
  /**
   * Leaves arguments out of the key, because you vouch that they do not affect the result. The only method that makes
   * a key coarser.
   *
   * @throws MemodagError `dag_invalid` for a policy without {@link INPUTS}
   */
  minus<Less extends string>(...names: readonly Less[]): CachePolicy<Name | Less, Args>;
  /** Sets how results are kept. A setting that the policy has already is replaced. */
  with(settings: CacheSettings): CachePolicy<Name, Args>;
}

// A registered symbol, so that two copies of this package in one process recognize each other's policies.
const FORM = Symbol.for("memodag.cachePolicy");

/** Returns what a policy says; `undefined` for any other value. */
export function findPolicyForm(value: unknown): PolicyForm | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, FORM)?.value as PolicyForm | undefined;
}

class Policy implements CachePolicy<string, never> {
  readonly leavesOut: readonly string[];

  constructor(form: PolicyForm) {
    this.leavesOut = form.minus ?? [];
    Object.defineProperty(this, FORM, { value: form });
    Object.freeze(this);
  }

  plus(...parts: readonly CachePolicy<string, never>[]): CachePolicy<string, never> {
    return new Policy(parts.map(formOf).reduce(combine, formOf(this)));
  }

  minus(...names: readonly string[]): CachePolicy<string, never> {
    const form = formOf(this);
    if (names.length === 0 || !names.every((name) => typeof name === "string" && name !== "")) {
      throw policyInvalid("minus() takes names of arguments", 'name at least one, such as minus("account")');
    }
    if (form.minus === null) {
      throw policyInvalid(
        `minus(${names.map(show).join(", ")}) has no effect on a policy without INPUTS`,
        "add INPUTS first, such as INPUTS.plus(SOURCE).minus(…), or remove minus()",
      );
    }
    return new Policy({ ...form, minus: sorted([...form.minus, ...names]) });
  }

  with(settings: CacheSettings): CachePolicy<string, never> {
    const form = formOf(this);
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    const unknown = given.find(([name]) => !SETTING_NAMES.some((known) => known === name));
    if (unknown) {
      throw policyInvalid(
        `with() has no setting ${show(unknown[0])}`,
        `use one of ${SETTING_NAMES.join(", ")}`,
      );
    }
    return new Policy({ ...form, settings: { ...form.settings, ...Object.fromEntries(given) } });
  }
}

/** The settings of a policy, by name. */
const SETTING_NAMES = [
  "ttl",
  "expires",
  "errors",
  "isolation",
  "lock",
  "mode",
  "share",
  "keyStorage",
  "resultStorage",
] as const satisfies readonly (keyof CacheSettings)[];

function formOf(value: unknown): PolicyForm {
  const form = findPolicyForm(value);
  if (form) return form;
  const fix =
    value === false
      ? "write cache: false for a task that is not cached"
      : "use INPUTS, SOURCE, PARAMS, RUN_ID, context(…), env(…), version(…), KEY(…) and what they combine to";
  throw policyInvalid(`${show(value)} is not a cache policy`, fix);
}

function combine(a: PolicyForm, b: PolicyForm): PolicyForm {
  return {
    minus: commonExclusions(a.minus, b.minus),
    hasSource: a.hasSource || b.hasSource,
    version: oneOf("version", a.version ?? undefined, b.version ?? undefined) ?? null,
    context: sorted([...a.context, ...b.context]),
    env: sorted([...a.env, ...b.env]),
    key: oneKeyOf(a.key, b.key),
    settings: Object.fromEntries(
      SETTING_NAMES.map((name) => [name, oneOf(name, a.settings[name], b.settings[name])] as const).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  };
}

/** An argument that one of the policies has in the key stays there. */
function commonExclusions(
  a: readonly string[] | null,
  b: readonly string[] | null,
): readonly string[] | null {
  if (a === null || b === null) return a ?? b;
  return a.filter((name) => b.includes(name));
}

function oneKeyOf(a: ReadKeyFunction | null, b: ReadKeyFunction | null): ReadKeyFunction | null {
  if (!a || !b || (a.call === b.call && a.trust === b.trust)) return a ?? b;
  throw policyInvalid(
    "two policies have different key functions",
    "use one function that returns both parts",
  );
}

function oneOf<Value>(name: string, a: Value | undefined, b: Value | undefined): Value | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  throw policyInvalid(
    `${name} is ${JSON.stringify(a)} in one policy and ${JSON.stringify(b)} in another`,
    `give both the same, or set it afterwards with with({ ${name}: … })`,
  );
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

function policyInvalid(problem: string, fix: string): MemodagError {
  return new MemodagError("dag_invalid", `cache policy: ${problem}: ${fix}`);
}

const NOTHING: PolicyForm = {
  minus: null,
  hasSource: false,
  version: null,
  context: [],
  env: [],
  key: null,
  settings: {},
};

function policy(part: Partial<PolicyForm>): CachePolicy {
  return new Policy({ ...NOTHING, ...part }) as unknown as CachePolicy;
}

/** All arguments of the task. */
export const INPUTS: CachePolicy = policy({ minus: [] });

/** The code that the task can reach, with its packages. */
export const SOURCE: CachePolicy = policy({ hasSource: true });

/** All params of the run. */
export const PARAMS: CachePolicy = policy({ context: ["params"] });

/** The run's id: results are reused within a run only. */
export const RUN_ID: CachePolicy = policy({ context: ["dagRun.runId"] });

/** The run's logical date. */
export const LOGICAL_DATE: CachePolicy = policy({ context: ["logicalDate"] });

/** The run's data interval. */
export const DATA_INTERVAL: CachePolicy = policy({ context: ["dataInterval"] });

/** The position of a mapped instance in its list. */
export const MAP_INDEX: CachePolicy = policy({ context: ["taskInstance.mapIndex"] });

/**
 * Properties of the run, such as `context("params.species", "dagRun.conf.region")`.
 *
 * @throws MemodagError `dag_invalid` for a path that cannot be part of a key
 */
export function context(...paths: readonly string[]): CachePolicy {
  const wrong = paths.find((path) => !isContextPath(path));
  if (wrong !== undefined) throw policyInvalid(`context(${show(wrong)})`, CONTEXT_PATH_RULE);
  return policy({ context: sorted(paths.map(canonicalContextPath)) });
}

/** Environment variables of the worker, such as `env("MODEL_HOME")`. */
export function env(...names: readonly string[]): CachePolicy {
  return policy({ env: sorted(names) });
}

/**
 * A version that you increase. Beside {@link SOURCE} it makes earlier results unreachable. Without SOURCE it stands in
 * place of the code: you vouch that a change of code which leaves the version as it is does not change results.
 *
 * @throws MemodagError `dag_invalid` for an empty string
 */
export function version(text: string): CachePolicy {
  if (typeof text !== "string" || text === "")
    throw policyInvalid(`version(${show(text)})`, "use a non-empty string");
  return policy({ version: text });
}

/**
 * The answer of a function of the task's arguments, such as `KEY(({ path }: { path: string }) => statSync(path).mtimeMs)`.
 * It adds a part to the key; arguments that it stands for are left out by name, such as `INPUTS.minus("doc")`.
 *
 * @throws MemodagError `dag_invalid` for anything but a function
 */
export function KEY<Args extends object>(
  call: KeyFunction<Args>,
  options: KeyFunctionOptions = {},
): CachePolicy<never, Args> {
  const key = findKeyFunction({ ...options, of: call });
  if (key) return new Policy({ ...NOTHING, key }) as unknown as CachePolicy<never, Args>;
  throw policyInvalid(
    `KEY(${show(call)})`,
    "use a function of the task's arguments, and the options pure or confirm",
  );
}

// Replaces `process.env` with a view that notices undeclared reads of a cached task.
//
// The process itself has only the visible variables: what threads, reports and native code see is covered
// by the key.

import { inspect } from "node:util";
import { digestVariable } from "@memodag/artifact";
import type { DagInputs } from "@memodag/core";
import { isOrdinary, isVisible } from "../../worker-environment.ts";
import { isHarmlessForNode, isHarmlessForPackage } from "./harmless-variables.ts";
import type { NoticedInputs } from "./noticed-inputs.ts";
import type { PackageFolders } from "./package-folders.ts";
import { findReader, isLoader } from "./reader.ts";

/** Decides what counts as a read. */
export interface EnvironmentRules {
  /** Every variable that an uncached attempt would see. */
  readonly variables: Readonly<Record<string, string>>;
  /** Declared names: they are part of the key. */
  readonly declared: readonly string[];
  /**
   * Variables with which the Dag file's code was read. They are in no hash, so the values of declared
   * ones count, too.
   */
  readonly atLoad: DagInputs["env"];
  /** Names that libraries may read, such as `PATH`; `NODE_*` matches a prefix. */
  readonly ordinary: readonly string[];
  /**
   * True if the author vouches for programs: they receive the visible variables, and nothing is noticed.
   */
  readonly isChildTrusted: boolean;
}

/** The view, for code that has to tell it from other objects. */
export interface EnvironmentView {
  readonly env: NodeJS.ProcessEnv;
  /** A copy of all variables; reading it is not noticed. */
  copy(): NodeJS.ProcessEnv;
  /** Adopts variables that Node has added to the process's own environment. */
  takeAdded(): void;
}

/**
 * Replaces `process.env`. The author's code may read declared variables; libraries and Node itself may
 * also read ordinary ones. Variables that the attempt has set itself are not inputs.
 */
export function watchEnvironment(
  rules: EnvironmentRules,
  packages: PackageFolders,
  noticed: NoticedInputs,
): EnvironmentView {
  const native = process.env;
  const declared = new Set(rules.declared);
  const atLoad = new Map(rules.atLoad);
  const written = new Set<string>();
  const target = Object.assign(
    Object.create(Object.getPrototypeOf(native) as object) as NodeJS.ProcessEnv,
    rules.variables,
  );
  const isShown = (name: string): boolean =>
    written.has(name) || isVisible(name, rules.declared, rules.ordinary);

  const note = (name: string | undefined, trap: (...args: never[]) => unknown): void => {
    const known = name === undefined ? undefined : atLoad.get(name);
    if (name !== undefined && known !== undefined && known !== digestVariable(rules.variables, name)) {
      noticed.addChange(`env.${name}`);
    }
    if (name !== undefined && (declared.has(name) || written.has(name))) return;
    const reader = findReader(packages, trap);
    const { packageName, builtin } = reader;
    if (isForChild(builtin) || (name !== undefined && isLoader(reader))) return;
    const isLenient = packageName !== null || builtin !== null;
    if (name !== undefined && isLenient && isOrdinary(rules.ordinary, name)) return;
    if (name !== undefined && builtin !== null && isHarmlessForNode(name)) return;
    if (name !== undefined && packageName !== null && isHarmlessForPackage(packageName, name)) return;
    noticed.addVariable(name, packageName);
  };

  // An inspection looks through the proxy at this target.
  Object.defineProperty(target, inspect.custom, {
    configurable: true,
    writable: true,
    value: function inspected(): NodeJS.ProcessEnv {
      note(undefined, inspected);
      return { ...target };
    },
  });

  const handler: Required<
    Pick<
      ProxyHandler<NodeJS.ProcessEnv>,
      "get" | "has" | "getOwnPropertyDescriptor" | "ownKeys" | "set" | "defineProperty" | "deleteProperty"
    >
  > = {
    get(_, name) {
      if (typeof name === "string") note(name, handler.get);
      return Reflect.get(target, name) as unknown;
    },
    has(_, name) {
      if (typeof name === "string") note(name, handler.has);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(_, name) {
      if (typeof name === "string") note(name, handler.getOwnPropertyDescriptor);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys() {
      const names = Object.keys(target);
      const isChild = isForChild(findReader(packages, handler.ownKeys).builtin);
      if (!isChild) noticed.addVariable(undefined, null);
      return isChild && rules.isChildTrusted ? names.filter(isShown) : names;
    },
    set(_, name, value) {
      return store(name, value);
    },
    defineProperty(_, name, descriptor) {
      if (!Reflect.defineProperty(native, name, descriptor)) return false;
      return typeof name !== "string" || store(name, descriptor.value);
    },
    deleteProperty(_, name) {
      if (typeof name === "string") written.add(name);
      return Reflect.deleteProperty(native, name) && Reflect.deleteProperty(target, name);
    },
  };

  function store(name: string | symbol, value: unknown): boolean {
    // Node's own object converts values to strings and rejects symbols.
    if (!Reflect.set(native, name, value) || typeof name !== "string") return false;
    target[name] = native[name] ?? "";
    written.add(name);
    return true;
  }

  const env = new Proxy(target, handler);
  process.env = env;
  return {
    env,
    copy: () => ({ ...target }),
    takeAdded() {
      for (const [name, value] of Object.entries(native)) target[name] ??= value ?? "";
    },
  };
}

/** Node passes the environment on to a program, whose start is noticed elsewhere. */
function isForChild(builtin: string | null): boolean {
  return builtin === "node:child_process" || builtin === "node:internal/child_process";
}

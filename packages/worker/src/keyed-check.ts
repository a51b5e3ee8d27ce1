// Compares what an attempt's key says of the machine that computed it with this machine, before and after it runs: a
// result of other surroundings is used, and not stored.

import type {
  Attempt,
  AttemptOutcome,
  DeclaredFiles,
  KeyedSurroundings,
  Reason,
  RuntimeComponent,
  TaskSurroundings,
} from "@memodag/core";
import type { LocalSurroundings } from "@memodag/executor";

/** The scheduler would compare the packages of this machine with those of its own. */
const UNKNOWN_KEY = changed("code_changed", "the order does not say what the key contains of the machine");

/** The surroundings of an attempt on this host. */
export class KeyedCheck {
  readonly #surroundings: LocalSurroundings;
  readonly #attempt: Attempt;
  readonly #env: NodeJS.ProcessEnv;
  #before: TaskSurroundings | undefined;

  constructor(surroundings: LocalSurroundings, attempt: Attempt, env: NodeJS.ProcessEnv) {
    this.#surroundings = surroundings;
    this.#attempt = attempt;
    this.#env = env;
  }

  /** Looks before the attempt runs. */
  async begin(): Promise<void> {
    const { keyed, file } = this.#attempt;
    if (keyed) this.#before = await this.#surroundings.of(file, keyed.task, this.#env);
  }

  /** Returns the outcome, uncacheable if anything differs from the key or has changed meanwhile. */
  async check(outcome: AttemptOutcome): Promise<AttemptOutcome> {
    const { keyed, declaredEnv } = this.#attempt;
    if (outcome.kind !== "succeeded" && outcome.kind !== "failed") return outcome;
    // Nothing is declared of a task that is not cached.
    if (declaredEnv === null) return outcome;
    // A failure without evidence is not cached anyway.
    if (outcome.packages === undefined || outcome.uncacheable === undefined) return outcome;
    const uncacheable =
      outcome.uncacheable ?? (keyed ? await this.#findDifference(keyed, outcome) : UNKNOWN_KEY);
    // They are compared here, where they are.
    return { ...outcome, uncacheable, packages: [] };
  }

  async #findDifference(
    keyed: KeyedSurroundings,
    { packages = [], spawnedAt }: Extract<AttemptOutcome, { kind: "succeeded" | "failed" }>,
  ): Promise<Reason | null> {
    const { file } = this.#attempt;
    const before = this.#before;
    const after = await this.#surroundings.of(file, keyed.task, this.#env);
    return (
      (before ? describeDifference(keyed, before) : null) ??
      describeDifference(keyed, after) ??
      (before ? describeWrite(before, after) : null) ??
      (await this.#surroundings.findPackageChange(file, keyed.packages, packages, spawnedAt))
    );
  }
}

/** Returns what differs between a key and this machine, or `null`. A pure function. */
export function describeDifference(
  { runtime, files }: Pick<KeyedSurroundings, "runtime" | "files">,
  found: TaskSurroundings,
): Reason | null {
  if (found.kind === "unknown") return changed("runtime_changed", `this worker's runtime is unknown`);
  const part = findOtherPart(runtime, found.runtime);
  if (part !== undefined)
    return changed(
      "runtime_changed",
      `${part} ${runtime[part] ?? "(none)"} → ${found.runtime[part] ?? "(none)"}`,
    );
  const pattern = findOtherPart(files ?? {}, found.files?.digests ?? {});
  return pattern === undefined ? null : changed("code_changed", `${pattern} has other files on the worker`);
}

/** A file that was changed and changed back has the same digest: its stamp tells. */
function describeWrite(before: TaskSurroundings, after: TaskSurroundings): Reason | null {
  return stampOf(before) === stampOf(after)
    ? null
    : changed("code_changed", "a declared file was changed while the task ran");
}

function stampOf(found: TaskSurroundings): string | undefined {
  const files: DeclaredFiles | null = found.kind === "known" ? found.files : null;
  return files?.stamp;
}

function findOtherPart(one: RuntimeComponent, other: RuntimeComponent): string | undefined {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.find((name) => one[name] !== other[name]);
}

function changed(code: "runtime_changed" | "code_changed", what: string): Reason {
  return { code, detail: { what } };
}

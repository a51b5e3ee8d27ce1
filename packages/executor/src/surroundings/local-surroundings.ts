// The surroundings of tasks on this machine, whose workers this process starts.

import { dirname, join, resolve } from "node:path";
import {
  codeInNodeOptions,
  LOCALE_VARIABLES,
  resolvedLocale,
  runtimeComponent,
  runtimeIdentity,
  systemZone,
  type AttemptRuntime,
  type Clock,
  type DagFileId,
  type DagPackages,
  type DeclaredFiles,
  type LoadedPackage,
  type Reason,
  type RuntimeComponent,
  type RuntimeLevel,
  type SerializedCommand,
  type SerializedTask,
  type Surroundings,
  type TaskSurroundings,
} from "@memodag/core";
import { workerEnvironment } from "../worker-environment.ts";
import { commandEnvironment } from "../worker/command-environment.ts";
import { LookClient } from "./look-client.ts";
import {
  describePackageChange,
  describePackageDifferences,
  type PackageDifference,
} from "./package-change.ts";

/** Options of {@link LocalSurroundings}. */
export interface LocalSurroundingsOptions {
  readonly level: RuntimeLevel;
  /** The environment from which that of workers is derived. */
  readonly env: NodeJS.ProcessEnv;
  /** Variables that a command receives without declaring them. */
  readonly ordinaryEnv: readonly string[];
  readonly clock: Clock;
  /** The file with cached digests of packages, shared between processes. */
  readonly packageMemoryPath: string;
  /** Returns the folder of a bundle. */
  bundlePath(bundleName: string): string;
}

/** Milliseconds after which the system's time zone is read again. */
const ZONE_AGE_MS = 1_000;

const VISIBLE_LOCALE = /^(?:LANG|LANGUAGE|LC_[A-Z]+)$/;

/** The inputs of a command that its key contains. */
interface CommandInputs {
  readonly env: NodeJS.ProcessEnv;
  readonly visibleEnv: readonly string[];
  readonly patterns: readonly string[];
}

/** Inspects this machine. */
export class LocalSurroundings implements Surroundings {
  readonly #options: LocalSurroundingsOptions;
  readonly #look: LookClient;
  readonly #locale = resolvedLocale();
  #runtime: AttemptRuntime;
  #component: RuntimeComponent;
  #lookedAt: number;

  constructor(options: LocalSurroundingsOptions) {
    this.#options = options;
    this.#look = new LookClient(options.clock);
    this.#runtime = {
      identity: runtimeIdentity(workerEnvironment(options.env, [], [])),
      level: options.level,
    };
    this.#component = this.#newComponent();
    this.#lookedAt = options.clock.monotonic();
  }

  get runtime(): AttemptRuntime {
    const now = this.#options.clock.monotonic();
    if (now - this.#lookedAt > ZONE_AGE_MS) {
      this.#lookedAt = now;
      const zone = systemZone();
      if (zone !== this.#runtime.identity.systemZone) {
        this.#runtime = { ...this.#runtime, identity: { ...this.#runtime.identity, systemZone: zone } };
        this.#component = this.#newComponent();
      }
    }
    return this.#runtime;
  }

  /** @param env the environment that the task's is derived from */
  of(
    file: DagFileId,
    { command, cache }: SerializedTask,
    env: NodeJS.ProcessEnv = this.#options.env,
  ): TaskSurroundings | Promise<TaskSurroundings> {
    const patterns = cache?.files ?? [];
    if (command) return this.#ofCommand(file, command, { env, visibleEnv: cache?.env ?? [], patterns });
    const unknown = this.#unknownCode(cache?.env ?? []);
    if (unknown) return unknown;
    if (patterns.length === 0) return { kind: "known", runtime: this.#component, files: null };
    return this.#withFiles(file, patterns, this.#component);
  }

  async findPackageChange(
    { bundle }: DagFileId,
    installed: DagPackages,
    loaded: readonly LoadedPackage[],
    spawnedAt: number | undefined,
  ): Promise<Reason | null> {
    const placed = loaded.flatMap(({ name, folder }) => (folder === undefined ? [] : [{ name, folder }]));
    if (placed.length === 0) return null;
    const seen = await this.#look.packages({
      root: resolve(this.#options.bundlePath(bundle)),
      memoryPath: this.#options.packageMemoryPath,
      folders: placed.map(({ folder }) => folder),
      named: installed.named.map(([name, from]) => [name, from]),
    });
    if (seen.kind === "unknown") return seen.reason;
    return describePackageChange(installed, placed, seen, spawnedAt);
  }

  /** Compares all packages that a Dag may load with those of this machine, and returns what differs. */
  async listPackageDifferences(
    { bundle }: Pick<DagFileId, "bundle">,
    installed: DagPackages,
  ): Promise<PackageDifference[]> {
    const root = resolve(this.#options.bundlePath(bundle));
    const seen = await this.#look.packages({
      root,
      memoryPath: this.#options.packageMemoryPath,
      folders: installed.sealed.map(([folder]) => resolve(root, folder)),
      named: installed.named.map(([name, from]) => [name, from]),
    });
    return seen.kind === "unknown"
      ? [{ kind: "unknown", folder: null, reason: seen.reason }]
      : describePackageDifferences(installed, seen);
  }

  async #ofCommand(
    file: DagFileId,
    command: SerializedCommand,
    { env, visibleEnv, patterns }: CommandInputs,
  ): Promise<TaskSurroundings> {
    const { ordinaryEnv } = this.#options;
    const declared = { env: command.env, visibleEnv };
    const files = { inputs: "", result: "" };
    const given = workerEnvironment(env, visibleEnv, ordinaryEnv);
    const seen = commandEnvironment(given, declared, ordinaryEnv, files, "");
    const cwd = resolve(this.#bundleDir(file), dirname(file.path), command.cwd);
    const found = await this.#look.program({ program: command.argv[0] ?? "", cwd, path: seen["PATH"] });
    if (found.kind === "unknown") return found;
    const { platform, arch } = this.runtime.identity;
    const program = { platform, arch, ...localeOf(seen), ...nodeVariablesOf(seen), ...found.parts };
    const unknown = command.checksResult && this.#unknownCode(visibleEnv);
    if (unknown) return unknown;
    const runtime = command.checksResult ? { ...program, ...this.#ofValidator() } : program;
    return await this.#withFiles(file, patterns, runtime);
  }

  /** The runtime of the process that checks a command's result, apart from that of the program. */
  #ofValidator(): RuntimeComponent {
    return Object.fromEntries(
      Object.entries(this.#component).map(([name, value]) => [`result ${name}`, value]),
    );
  }

  /** Code that Node loads besides the artifact; undefined if there is none. */
  #unknownCode(visibleEnv: readonly string[]): TaskSurroundings | undefined {
    const code = codeInNodeOptions(this.runtime.identity);
    if (code === null || visibleEnv.includes("NODE_OPTIONS")) return undefined;
    const what = `NODE_OPTIONS runs code that is not in the key: ${code}`;
    return { kind: "unknown", reason: { code: "runtime_unknown", detail: { what } } };
  }

  async #withFiles(
    file: DagFileId,
    patterns: readonly string[],
    runtime: RuntimeComponent,
  ): Promise<TaskSurroundings> {
    let files: DeclaredFiles | null = null;
    if (patterns.length > 0) {
      const found = await this.#look.files({ root: this.#bundleDir(file), patterns });
      if (found.kind === "unknown") return found;
      files = found.files;
    }
    return { kind: "known", runtime, files };
  }

  #bundleDir({ bundle }: DagFileId): string {
    return resolve(join(this.#options.bundlePath(bundle)));
  }

  #newComponent(): RuntimeComponent {
    const { identity, level } = this.#runtime;
    return runtimeComponent(identity, level, this.#locale);
  }
}

/** The variables that may determine a program's time zone and locale. */
function localeOf(env: NodeJS.ProcessEnv): RuntimeComponent {
  const names = Object.keys(env).filter((name) => VISIBLE_LOCALE.test(name));
  const locale = names.sort().map((name) => `${name}=${env[name]}`);
  return { tz: env["TZ"] ?? systemZone(), locale: locale.join(" ") || "C" };
}

/** A program may be Node, or start it. */
function nodeVariablesOf(env: NodeJS.ProcessEnv): RuntimeComponent {
  const { variables } = runtimeIdentity(env);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !LOCALE_VARIABLES.includes(name)));
}

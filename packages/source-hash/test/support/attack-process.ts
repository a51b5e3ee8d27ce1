// The process that holds a table of edits against outputs and hashes: it needs a flag of Node's.

import vm from "node:vm";
import { createPackageResolver, hashSources, locateHandlers } from "@memodag/source-hash";
import { ATTACKS, type Attack } from "../attack-tables/attacks.ts";
import { bundleProject, type BundledProject } from "./bundle-project.ts";
import { installedBy } from "./installed-by.ts";
import { STAND_IN_SDK, tasksOf } from "./stand-in-sdk.ts";

/** What one edit did to the task `d.t`. */
interface Verdict {
  readonly title: string;
  readonly outputs: readonly [string, string];
  readonly hashes: readonly [string, string];
  readonly isWhole: boolean;
}

const PACKAGES: Readonly<Record<string, string>> = {
  kit: `export class Cli { names = []; command(name) { this.names.push(name); return this } }
export const registry = { items: [], field(item) { this.items.push(item) } };
export const make = () => registry;
export default make;`,
};

async function evaluate(code: string): Promise<Record<string, unknown>> {
  const timers = { setTimeout, setImmediate, clearTimeout, queueMicrotask, structuredClone };
  const env: Record<string, string> = {};
  const process = { env, argv: ["node"], nextTick: queueMicrotask };
  const context = vm.createContext({
    ...timers,
    process,
    Buffer,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
    AbortController,
    EventTarget,
    Event,
    console: { log: () => {} },
  });
  const artifact = new vm.SourceTextModule(code, { context, identifier: "artifact.mjs" });
  const kept = new Map<string, vm.Module>();
  const link = async (specifier: string): Promise<vm.Module> => {
    const known = kept.get(specifier);
    if (known) return known;
    const source = specifier === "memodag" ? STAND_IN_SDK : PACKAGES[specifier];
    const made =
      source === undefined
        ? await builtin(specifier, context)
        : new vm.SourceTextModule(source, { context, identifier: specifier });
    kept.set(specifier, made);
    return made;
  };
  await artifact.link(link);
  await artifact.evaluate();
  return artifact.namespace as Record<string, unknown>;
}

/** A module of Node's, with an object of its own for each run: what an attack sets is gone after it. */
async function builtin(specifier: string, context: vm.Context): Promise<vm.Module> {
  const found = (await import(specifier)) as Record<string, unknown>;
  const names = Object.keys(found).filter((name) => name !== "default" && name !== "module.exports");
  const copy = { ...found, default: Object.assign({}, found["default"]) };
  return new vm.SyntheticModule(
    [...names, "default"],
    function () {
      for (const name of names) this.setExport(name, copy[name as keyof typeof copy]);
      this.setExport("default", typeof found["default"] === "function" ? found["default"] : copy.default);
    },
    { context, identifier: specifier },
  );
}

async function run({
  code,
  map,
}: BundledProject): Promise<{ output: string; hash: string; isWhole: boolean }> {
  const tasks = tasksOf(await evaluate(code));
  const located = locateHandlers(new Map([...tasks].map(([key, { handler }]) => [key, handler])), {
    isArtifact: (url) => url === "artifact.mjs",
  });
  const hashes = hashSources({
    code,
    map,
    folder: "/project",
    shownFolder: "",
    located: structuredClone(located),
    packages: createPackageResolver(installedBy(`{"packages":{}}`)),
    loaded: [],
    readAnchor: () => null,
    readPrivateName: () => null,
  });
  const task = hashes.tasks.get("d.t")!;
  let output: string;
  try {
    output = JSON.stringify(await tasks.get("d.t")!.handler({} as never)) ?? "undefined";
  } catch (error) {
    output = `failed: ${(error as Error).message}`;
  }
  return { output, hash: task.hash, isWhole: task.mode === "whole_graph" };
}

/** The project as it is, and edited. */
async function bundleBoth({ files, from, to }: Attack): Promise<readonly [BundledProject, BundledProject]> {
  const edited = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.split(from).join(to)]),
  );
  return await Promise.all([bundleProject(files, "dag.ts"), bundleProject(edited, "dag.ts")]);
}

/** One after the other: what an attack does to Node's own modules is undone between them. */
async function hold(
  attack: Attack,
  bundled: Promise<readonly [BundledProject, BundledProject]>,
): Promise<Verdict> {
  const [unedited, edited] = await bundled;
  const [before, after] = [await run(unedited), await run(edited)];
  return {
    title: attack.title,
    outputs: [before.output, after.output],
    hashes: [before.hash, after.hash],
    isWhole: before.isWhole,
  };
}

const verdicts: (Verdict | { readonly title: string; readonly error: string })[] = [];
// The bundler works ahead of what is run here.
const AHEAD = 8;
const bundles = ATTACKS.slice(0, AHEAD).map((attack) => bundleBoth(attack));
for (const bundle of bundles) bundle.catch(() => {});
for (const [index, attack] of ATTACKS.entries()) {
  const next = ATTACKS[index + AHEAD];
  if (next) {
    const bundle = bundleBoth(next);
    // Told where it is waited for.
    bundle.catch(() => {});
    bundles.push(bundle);
  }
  try {
    verdicts.push(await hold(attack, bundles[index]!));
  } catch (error) {
    verdicts.push({ title: attack.title, error: String((error as Error).stack) });
  }
}
process.stdout.write(JSON.stringify(verdicts));

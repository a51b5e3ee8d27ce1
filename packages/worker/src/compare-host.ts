// Compares this host with the machine that keys are computed on: a result of a task that differs is used, and not stored.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MemodagError, messageOf, type PackageVersion, type Reason } from "@memodag/core";
import type { LocalSurroundings, PackageDifference } from "@memodag/executor";
import type { ExpectedDag } from "@memodag/worker-api/protocol";
import { describeDifference } from "./keyed-check.ts";

/** Something that differs on this host, and the Dags for which it matters. */
export interface HostDifference {
  readonly kind: "bundle" | "files" | "package" | "runtime";
  /** The expected and the found, for people. */
  readonly what: string;
  /** Sorted. */
  readonly dags: readonly string[];
}

/** The parts of a comparison. */
export interface ComparisonParts {
  readonly surroundings: Pick<LocalSurroundings, "of" | "listPackageDifferences">;
  /** The bundles of this host's config, by name, with their folders. */
  readonly bundles: ReadonlyMap<string, string>;
}

/** Returns what differs, each thing once: bundles first, then packages, then runtime and files. */
export async function compareHost(
  expected: readonly ExpectedDag[],
  { surroundings, bundles }: ComparisonParts,
): Promise<HostDifference[]> {
  const found = new Map<string, { kind: HostDifference["kind"]; what: string; dags: Set<string> }>();
  const add = (kind: HostDifference["kind"], what: string, { dagId }: ExpectedDag): void => {
    const name = `${kind} ${what}`;
    const difference = found.get(name) ?? { kind, what, dags: new Set() };
    found.set(name, difference);
    difference.dags.add(dagId);
  };
  for (const dag of expected) {
    const folder = bundles.get(dag.file.bundle);
    if (folder === undefined) {
      add("bundle", `bundle "${dag.file.bundle}" is not in [[bundles]] of this config`, dag);
      continue;
    }
    for (const difference of await surroundings.listPackageDifferences(dag.file, dag.installed))
      add("package", describePackage(difference, folder, dag.packages), dag);
    for (const { task, runtime, files } of dag.tasks) {
      const reason = describeDifference({ runtime, files }, await surroundings.of(dag.file, task));
      if (reason) add(reason.code === "runtime_changed" ? "runtime" : "files", whatOf(reason), dag);
    }
  }
  const order: readonly HostDifference["kind"][] = ["bundle", "package", "runtime", "files"];
  return [...found.values()]
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(({ dags, ...rest }) => ({ ...rest, dags: [...dags].sort() }));
}

function describePackage(
  difference: PackageDifference,
  bundleFolder: string,
  packages: readonly PackageVersion[],
): string {
  switch (difference.kind) {
    case "unknown":
      return `packages could not be compared: ${whatOf(difference.reason)}`;
    case "elsewhere":
      return difference.folder === null
        ? `${difference.name} is installed here, and was not where the Dag was read`
        : `${difference.name} resolves to another folder than ${difference.folder}`;
    case "missing":
      return `${withVersions(difference.folder, packages)} is not installed here: \`npm ci\``;
    case "other_files": {
      const here = versionIn(join(bundleFolder, difference.folder));
      const there = versionOf(difference.folder, packages);
      const isOther = here !== undefined && there !== undefined && here !== there;
      return isOther
        ? `${difference.folder} is ${here}, and was ${there} where the Dag was read: \`npm ci\` with its lock file`
        : `${withVersions(difference.folder, packages)} has other files, or finds other packages, than where the Dag was read`;
    }
  }
}

function whatOf({ code, detail }: Reason): string {
  return detail && "what" in detail ? detail.what : code;
}

function withVersions(folder: string, packages: readonly PackageVersion[]): string {
  const version = versionOf(folder, packages);
  return version === undefined ? folder : `${folder} (${version})`;
}

function versionOf(folder: string, packages: readonly PackageVersion[]): string | undefined {
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  return packages.find((one) => one.name === name)?.version;
}

function versionIn(folder: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version?: unknown;
    };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}

/** The error of an API that is too old to be compared with. */
export function cannotCompare(error: unknown): MemodagError {
  return new MemodagError(
    "worker_version",
    `This worker API cannot say what it expects of workers (${messageOf(error)}): upgrade it first`,
  );
}

// The parts that keys of a deployment are made with on this machine, and those that explain why they missed.

import { join } from "node:path";
import { systemClock } from "@memodag/core";
import { KeyProcesses, LocalSurroundings } from "@memodag/executor";
import type { DecisionLogParts } from "@memodag/result-cache";
import { artifactsDirOf } from "../config/folders.ts";
import type { Deployment } from "../stores/deployment.ts";

/** Returns the folder of a bundle. */
export function bundlePathOf({ config, loaded }: Deployment): (name: string) => string {
  const paths = new Map(config.bundles.map(({ name, path }) => [name, path]));
  return (name) => paths.get(name) ?? loaded.projectDir;
}

/** Calls key functions; starts no process before it is asked. */
export function openKeyMaker(deployment: Deployment): KeyProcesses {
  const { config, dags, values } = deployment;
  return new KeyProcesses({
    maxProcesses: config.taskCache.keyProcesses,
    artifactsDir: artifactsDirOf(config),
    artifacts: dags,
    values,
    ordinaryEnv: config.taskCache.ordinaryEnv,
    nodeOptions: config.worker.nodeOptions,
    clock: systemClock,
    bundlePath: bundlePathOf(deployment),
  });
}

/** Examines this machine. */
export function openSurroundings(deployment: Deployment): LocalSurroundings {
  const { core, taskCache } = deployment.config;
  return new LocalSurroundings({
    level: taskCache.runtime,
    env: process.env,
    ordinaryEnv: taskCache.ordinaryEnv,
    clock: systemClock,
    packageMemoryPath: join(core.stateDir, "packages.json"),
    bundlePath: bundlePathOf(deployment),
  });
}

/** The stores that explain misses. */
export function explainingParts({
  decisions,
  records,
  named,
  dags,
}: Deployment): Omit<DecisionLogParts, "clock" | "log"> {
  return {
    decisions,
    records,
    recordsOf: (_team, { keyStorage = "" }) => named.records(keyStorage),
    findSources: (team, hashes) => dags.findTaskSources(team, hashes),
  };
}

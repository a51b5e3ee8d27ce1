// The process that times the hashing of projects, beside reading their code and its names: it loads Dag files, and
// ends with them.

import { text } from "node:stream/consumers";
import { parse } from "acorn";
import { analyze } from "eslint-scope";
import { sha256 } from "@memodag/core";
import { hashSources, type SourceHashRequest } from "@memodag/source-hash";
import type { ProjectFiles } from "./bundle-project.ts";
import { loadProject } from "./hash-project.ts";

/** One shape of project, as it comes in. */
export interface TimedProject {
  readonly name: string;
  readonly files: ProjectFiles;
  readonly entries: readonly string[];
  readonly repeats: number;
}

/** What is printed for each, in milliseconds: for all entries together, in each repeat. */
export interface ProjectTimes {
  readonly name: string;
  readonly hashing: readonly number[];
  readonly floor: readonly number[];
  /** Tasks whose hash covers the whole graph. */
  readonly whole: number;
  readonly impure: number;
}

function readPlainly(code: string): void {
  const root = parse(code, { ecmaVersion: "latest", sourceType: "module", ranges: true });
  analyze(root as never, { ecmaVersion: 2025, sourceType: "module", ignoreEval: true });
  sha256(code);
}

function timeOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

const times: ProjectTimes[] = [];
for (const { name, files, entries, repeats } of JSON.parse(await text(process.stdin)) as TimedProject[]) {
  const requests: SourceHashRequest[] = [];
  for (const entry of entries) requests.push(await loadProject(files, { entry }));
  const hashing: number[] = [];
  const floor: number[] = [];
  let whole = 0;
  let impure = 0;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    floor.push(timeOf(() => requests.forEach(({ code }) => readPlainly(code))));
    hashing.push(
      timeOf(() => {
        const hashes = requests.map((request) => hashSources(request));
        const tasks = hashes.flatMap((of) => [...of.tasks.values()]);
        whole = tasks.filter(({ mode }) => mode === "whole_graph").length;
        impure = hashes.reduce((sum, { impureStatements }) => sum + impureStatements.length, 0);
      }),
    );
  }
  times.push({ name, hashing, floor, whole, impure });
}
process.stdout.write(JSON.stringify(times));

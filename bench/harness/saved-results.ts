// Results of benchmarks, kept in a file with the machine that they were measured on.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import type { Measurement } from "./measurement.ts";

interface SavedResults {
  /** Without its name, or those of its users. */
  readonly machine: {
    readonly platform: string;
    readonly arch: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly node: string;
    /**
     * Processes that wanted to run, over the minute before the end: what else the machine had to do. Of several
     * benchmarks, the largest.
     */
    readonly load: number;
  };
  /** By name of the benchmark. */
  readonly benchmarks: Readonly<Record<string, readonly Measurement[]>>;
}

/**
 * Writes the measurements of a benchmark to a file, beside those of others that are in it.
 * @throws Error if those were measured on another machine
 */
export function saveResults(path: string, benchmark: string, measurements: readonly Measurement[]): void {
  const known = existsSync(path) ? read(path) : undefined;
  const machine = {
    platform: process.platform,
    arch: process.arch,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    load: Math.max(known?.machine.load ?? 0, Number(loadavg()[0]?.toFixed(1))),
  };
  if (known && JSON.stringify({ ...known.machine, load: machine.load }) !== JSON.stringify(machine))
    throw new Error(`${path} has results of another machine or Node: save these to another file`);
  const results: SavedResults = { machine, benchmarks: { ...known?.benchmarks, [benchmark]: measurements } };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/** All measurements in a file. */
export function readResults(path: string): Measurement[] {
  return Object.values(read(path).benchmarks).flat();
}

function read(path: string): SavedResults {
  return JSON.parse(readFileSync(path, "utf8")) as SavedResults;
}

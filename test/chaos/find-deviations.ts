// Compares what became of a run with what had to.

import { digestOf, type DagRun, type JsonValue, type TaskInstance, type XCom } from "@memodag/core";
import type { Prediction } from "./predict.ts";

/** A run as the database has it. */
export interface EndedRun {
  readonly run: DagRun;
  readonly instances: readonly TaskInstance[];
  readonly xcoms: readonly XCom[];
}

/** Everything about a run that is not as predicted, in words. `triesOf`: the tries begun, by instance. */
export function findDeviations(
  { run, instances, xcoms }: EndedRun,
  prediction: Prediction,
  triesOf: (instance: string) => readonly number[],
): string[] {
  const place = `run ${run.runId} of ${run.dagId}`;
  const isMaker = ({ taskId }: { readonly taskId: string }): boolean => prediction.makers.includes(taskId);
  const isUnknown = ({ taskId }: { readonly taskId: string }): boolean => prediction.unknown.includes(taskId);
  const digests = Object.entries(prediction.values).map(([name, value]) => [
    name,
    digestOf(value as JsonValue),
  ]);
  return [
    ...differences(`${place}: state of`, { run: run.state }, { run: prediction.state }),
    ...differences(
      `${place}: state of`,
      Object.fromEntries(instances.map((one) => [instanceName(one), one.state])),
      prediction.ends,
    ),
    ...differences(
      `${place}: digest of`,
      Object.fromEntries(
        xcoms.filter((xcom) => !isUnknown(xcom)).map((xcom) => [instanceName(xcom), xcom.digest]),
      ),
      Object.fromEntries(digests) as Record<string, string>,
    ),
    // What the scheduler does itself has no process that could note its tries.
    ...instances
      .filter((one) => !isMaker(one))
      .flatMap((one) =>
        wrongTries(one, triesOf(instanceName(one))).map((what) => `${place}: ${instanceName(one)} ${what}`),
      ),
  ];
}

/** `task`, or `task[index]`. */
export function instanceName({
  taskId,
  mapIndex,
}: {
  readonly taskId: string;
  readonly mapIndex: number;
}): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

function wrongTries({ state, cacheStatus, tryNumber }: TaskInstance, tries: readonly number[]): string[] {
  const wrong: string[] = [];
  if (new Set(tries).size !== tries.length) wrong.push(`had two attempts of one try: ${tries.join(", ")}`);
  // A try that begins after one was recorded as the last has a higher number.
  if (Math.max(0, ...tries) > tryNumber)
    wrong.push(`was run again after try ${tryNumber}: ${tries.join(", ")}`);
  if (state === "success" && cacheStatus !== "hit" && !tries.includes(tryNumber))
    wrong.push(`succeeded in try ${tryNumber}, which was never made: ${tries.join(", ")}`);
  return wrong;
}

function differences(
  what: string,
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return Array.from(names)
    .filter((name) => found[name] !== wanted[name])
    .map((name) => `${what} ${name} is ${found[name]}, not ${wanted[name]}`);
}

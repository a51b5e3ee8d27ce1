// Puts together what executes one run: each part owns one thing, and here is who knows whom.

import type { ClaimedRun, ExecutorEvent } from "@memodag/core";
import { ScopedClock } from "../scoped-clock.ts";
import type { VersionGraph } from "../graph/version-graphs.ts";
import { AttemptEnds } from "./attempt-ends.ts";
import { AttemptResults, type ResultEvent } from "./attempt-results.ts";
import { CacheStep, type RefreshReasonOf } from "./cache-step.ts";
import { Dispatcher } from "./dispatcher.ts";
import { InstanceTable } from "./instance-table.ts";
import { MissNotes } from "./miss-notes.ts";
import { PassWriter } from "./pass-writer.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import { RunDecisions } from "./run-decisions.ts";
import { RunResults } from "./run-results.ts";
import { RunSteps, type StepEvent } from "./run-steps.ts";
import { SingleFlight } from "./single-flight.ts";
import { TimedWaits } from "./timed-waits.ts";

/** What a run hears of between passes. */
export type RunEvent = ExecutorEvent | ResultEvent | StepEvent;

/** The parts of one run's execution. */
export interface RunParts {
  readonly context: RunContext;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly waits: TimedWaits;
  readonly decisions: RunDecisions;
  readonly cacheStep: CacheStep;
  readonly missNotes: MissNotes;
  readonly attemptResults: AttemptResults;
  readonly attemptEnds: AttemptEnds;
  readonly dispatcher: Dispatcher;
  readonly steps: RunSteps;
  readonly singleFlight: SingleFlight;
  readonly writer: PassWriter;
}

/** What the parts of a run's execution call, and what ends them; neither is called before they are there. */
export interface RunHooks {
  readonly handle: (event: RunEvent) => void;
  /** Asks for a pass. */
  readonly wake: () => void;
  /** Aborted when the execution is over. */
  readonly closed: AbortSignal;
}

/** The parts of the execution of one run. */
export function assembleRun(
  context: RunContext,
  claimed: ClaimedRun,
  { version, graph }: VersionGraph,
  { handle, wake, closed }: RunHooks,
): RunParts {
  const clock = new ScopedClock(context.clock, closed);
  const table = new InstanceTable(graph.nodes.length);
  const results = new RunResults(claimed.run.team, graph, context.runs, context.values);
  const waits = new TimedWaits(clock, wake);
  const decisions = new RunDecisions({
    context,
    graph,
    table,
    results,
    waits,
    resume: (instance) => singleFlight.enqueue(instance),
    abandon: (attemptId) => dispatcher.abandon(attemptId),
    onFailed: (node, row) => writer.owe("failure", node, row),
  });
  const { argsOf } = decisions;
  const refreshReasonOf: RefreshReasonOf = (node, mapIndex) => {
    const row = table.find(node, mapIndex);
    return row?.cacheStatus === "skipped" ? (row.cacheReason ?? { code: "cleared" }) : null;
  };
  const cacheStep = new CacheStep(context, version, results, argsOf, refreshReasonOf);
  const missNotes = new MissNotes(context, cacheStep);
  const attemptResults = new AttemptResults(context, version.dag, cacheStep, handle);
  const { run } = claimed;
  const dispatcher = new Dispatcher({
    context,
    run,
    version,
    table,
    results,
    attemptResults,
    argsOf,
    handle,
  });
  const steps = new RunSteps({ context, clock, table, results, argsOf, handle, wake });
  const dispatch = (instance: ReadyInstance): void =>
    (instance.node.task.runStep ? steps : dispatcher).enqueue(instance);
  const singleFlight = new SingleFlight({ context, clock, table, cacheStep, dispatch, wake });
  const writer = new PassWriter(context, table, claimed, version.dag.maxActiveTasks);
  const known = { context, run, table, results, waits, decisions, attemptResults, singleFlight, writer };
  return { ...known, cacheStep, missNotes, dispatcher, steps, attemptEnds: new AttemptEnds(known) };
}

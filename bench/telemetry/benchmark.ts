// The cost of metrics and traces on runs in which everything hits, compared with the same runs without.

import { systemClock } from "@memodag/core";
import { Metrics, RunTracer, SchedulerProbe, TraceIds, joinListeners } from "@memodag/telemetry";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";
import { wideDag } from "../scheduler/cached-dags.ts";

const HITS = 1_000;
const REPEATS = 11;

/** `npm run bench -- telemetry` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    await compareRuns(database, report, "metrics", () => probeWith(false).probe);
    await compareRuns(database, report, "metrics and traces", () => probeWith(true).probe);
  });
}

async function compareRuns(
  { dialect, metastore }: BenchDatabase,
  report: Report,
  what: string,
  open: () => SchedulerProbe,
): Promise<void> {
  const probe = open();
  const observed = {
    ...metastore,
    dags: metastore.dags,
    results: metastore.results,
    runs: probe.runs(metastore.runs),
    records: probe.records(metastore.records),
  };
  const plain = new BenchRuns(metastore);
  const version = await plain.define(wideDag(HITS));
  await plain.run(version);
  await plain.stop();
  const times: Record<"plain" | "observed", number[]> = { plain: [], observed: [] };
  // One scheduler at a time, in turns. Wall time would measure what else the machine does.
  for (let repeat = 0; repeat < REPEATS; repeat += 1)
    for (const kind of ["plain", "observed"] as const) {
      const runs =
        kind === "plain"
          ? new BenchRuns(metastore)
          : new BenchRuns(observed, probe.executor(new PretendedExecutor()), undefined, undefined, {
              listener: joinListeners(probe.listeners),
            });
      await runs.run(version);
      const before = process.cpuUsage();
      const { run } = await runs.run(version);
      const { user, system } = process.cpuUsage(before);
      if (run.state !== "success" || run.processesSpawned !== 0) throw new Error("not a run of hits");
      await runs.stop();
      if (repeat > 0) times[kind].push((HITS / (user + system)) * 1e6);
    }
  report(
    compared(
      `${dialect}: ${HITS} hits with ${what}`,
      "hits/s of processor time",
      { value: median(times.observed), floor: median(times.plain) },
      { text: "at least 0.9 of those without", isMet: (ratio) => ratio >= 0.9 },
    ),
  );
}

/** Spans are counted in place of being sent: the SDK does that between passes. */
function probeWith(hasTraces: boolean): { readonly probe: SchedulerProbe; readonly spans: () => number } {
  let spans = 0;
  const tracer = hasTraces
    ? new RunTracer({
        ids: new TraceIds(new Uint8Array(32)),
        maxSpans: 10_000,
        exportSpan: () => (spans += 1),
        onDropped: () => undefined,
      })
    : undefined;
  const probe = new SchedulerProbe({ metrics: new Metrics(), tracer, listeners: [], clock: systemClock });
  return { probe, spans: () => spans };
}

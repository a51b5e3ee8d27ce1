// Runs of Dags that are executed in this process.

import type { OperationContext } from "@memodag/operations";
import type { RunToEndParts } from "@memodag/operations/runs";
import type { RunLogLine } from "@memodag/operations/tasks";
import { printNote } from "../output/print.ts";
import type { ShownProgress } from "../output/show-progress.ts";
import { withOperations, type CommonOptions } from "./deployment.ts";
import { withStopSignal } from "./stop-signal.ts";

/** Does work that executes runs here, and shows their progress. Ctrl-C cancels the runs. */
export async function withRunsHere<T>(
  options: CommonOptions & { readonly logs?: boolean },
  work: (context: OperationContext, parts: RunToEndParts) => Promise<T>,
): Promise<T> {
  const { json = false, logs = false } = options;
  let shown: ShownProgress | undefined;
  return await withOperations(options, async (context, deployment) => {
    const { refreshDags, requireBundles } = await import("@memodag/deployment/dags");
    const { hostRuns } = await import("@memodag/deployment/scheduler");
    const { runEventText } = await import("../output/run-events.ts");
    const { showProgress } = await import("../output/show-progress.ts");
    requireBundles(deployment.loaded);
    await refreshDags(deployment, context);
    return await withStopSignal((signal) =>
      work(context, {
        openScheduler: (runs) => hostRuns(deployment, runs),
        signal,
        onEvent: (event) => printNote(runEventText(event)),
        watch: async (runIds) => (shown = await showProgress(json, runIds)),
        followLogs: logs
          ? async (run, signalOfRun) => {
              const { followRunLogs } = await import("@memodag/operations/tasks");
              const onLine = (line: RunLogLine): void => shown?.logLine(run, line);
              await followRunLogs(context, run, { signal: signalOfRun, onLine });
            }
          : undefined,
      }),
    );
  });
}

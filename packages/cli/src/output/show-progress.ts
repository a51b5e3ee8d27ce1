// Shows a run while it goes on: in place on a terminal, as plain lines elsewhere, or not at all.

import { formatDuration, type DagRun, type Logger, type TaskInstance } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { RunProgress } from "@memodag/operations/runs";
import type { RunLogLine } from "@memodag/operations/tasks";
import { EndLines } from "@memodag/deployment/logging";
import { lineLogger } from "@memodag/deployment/logging";
import { plainLine } from "@memodag/deployment/logging";
import { printNote, printStateNote } from "./print.ts";
import { stderr, stdout } from "./standard-streams.ts";

import { instanceName } from "@memodag/core";

/** A run that is being shown. All of it goes to stderr. */
export interface ShownProgress {
  readonly listener: SchedulerListener;
  readonly log: Logger;
  /** Shows a line that an attempt printed. */
  logLine(run: DagRun, line: RunLogLine): void;
  close(): void;
}

function logText(label: string, { name, line }: RunLogLine): string {
  return `${label}${name} | ${line}`;
}

/**
 * Starts to show; `isQuiet` shows nothing but warnings.
 * @param runIds numbers of the runs that were asked for; what is of others says so
 */
export async function showProgress(isQuiet: boolean, runIds: readonly number[]): Promise<ShownProgress> {
  const labelOf = labelsOf(runIds);
  // The run goes on while no one reads what it says.
  for (const output of [stdout, stderr]) output.writeInBackground();
  if (isQuiet) return { ...showLines(labelOf), listener: {}, log: lineLogger(printNote, () => "warn") };
  return stderr.isTerminal ? await showInPlace(stderr.stream(), labelOf) : showLines(labelOf);
}

/** The prefix of a line about a run: empty for the only requested run. */
function labelsOf(runIds: readonly number[]): (run: DagRun) => string {
  const [only] = runIds.length === 1 ? runIds : [];
  return ({ id, dagId, runId }) => (id === only ? "" : `[${dagId} ${runId}] `);
}

function showLines(labelOf: (run: DagRun) => string): ShownProgress {
  const ends = new EndLines();
  return {
    listener: {
      instanceChanged: (run, instance) => {
        const line = ends.next(run, instance);
        if (line !== null) printStateNote(`${labelOf(run)}${line}`);
      },
    },
    log: lineLogger(printNote, () => "info"),
    logLine: (run, line) => printNote(logText(labelOf(run), line)),
    close: () => undefined,
  };
}

/** How often a terminal is drawn anew, in milliseconds. */
const DRAW_EVERY_MS = 100;

async function showInPlace(
  terminal: NodeJS.WriteStream,
  labelOf: (run: DagRun) => string,
): Promise<ShownProgress> {
  const { createLogUpdate } = await import("log-update");
  const view = createLogUpdate(terminal);
  const progress = new RunProgress(labelOf);
  const draw = (): void => {
    const room = Math.max(1, (terminal.rows || 24) - 3);
    view(progressLines(progress, Date.now(), room).map(plainLine).join("\n"));
  };
  const timer = setInterval(draw, DRAW_EVERY_MS).unref();
  return {
    listener: { instanceChanged: (run: DagRun, instance: TaskInstance) => progress.update(run, instance) },
    log: lineLogger(
      (line) => view.persist(plainLine(line)),
      () => "warn",
    ),
    logLine: (run, line) => view.persist(plainLine(logText(labelOf(run), line))),
    close() {
      clearInterval(timer);
      // The table that follows says it all.
      view.clear();
      view.done();
    },
  };
}

/** The lines of the view: what runs, as far as there is room, and the counts. */
export function progressLines(progress: RunProgress, now: number, room: number): string[] {
  const { running } = progress;
  const lines = running
    .slice(0, room - 1)
    .map(({ label, taskId, mapIndex, tryNumber, startedAt }) =>
      [
        `  ${label}${instanceName(taskId, mapIndex)}`,
        ...(tryNumber > 1 ? [`attempt ${tryNumber}`] : []),
        formatDuration(now - (startedAt ?? now)),
      ].join("  "),
    );
  const counts = Object.entries(progress.counts).map(([state, count]) => `${count} ${state}`);
  return [...lines, counts.join(", ")];
}

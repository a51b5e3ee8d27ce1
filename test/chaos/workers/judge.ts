// Whether something was done twice or accepted too late, told from the journal of the database and from what the bodies
// of tasks noted. A pure function.
//
// Doubled: an attempt that was given to two hosts, or again after its end; whose body began twice, or on a host that it
// was not given to; an instance that recorded two successes; a body that began after its instance's success was recorded.
// Late: an end that was recorded over another one; a success of an attempt whose end no worker brought, or whose body
// did not end; a task that saw the value of another attempt than the one that was accepted.
//
// Lost is what the model of the runs tells: see `compareRuns`.

import { STAMPED } from "../dag-plan.ts";
import { instanceName } from "../find-deviations.ts";
import type { JournalRow } from "./journal.ts";
import type { WitnessLine } from "./witness.ts";

/** A time for which a host did nothing, in milliseconds since the Unix epoch. */
export interface Pause {
  readonly host: string;
  readonly from: number;
  readonly to: number;
}

/** What a verdict is based on. */
export interface Evidence {
  readonly journal: readonly JournalRow[];
  readonly witness: readonly WitnessLine[];
  /** A host that is paused between the start of an attempt and its body cannot know that it lost it. */
  readonly pauses: readonly Pause[];
}

interface Place {
  readonly runId: string | null;
  readonly taskId: string;
  readonly mapIndex: number;
}

const placeOf = (place: Place): string => `${place.runId}/${instanceName(place)}`;

/** Returns everything that was doubled or late, in words. */
export function judge(evidence: Evidence): string[] {
  const attempts = rowsBy(evidence.journal, "attempt", ({ attemptId }) => attemptId ?? "");
  const instances = rowsBy(evidence.journal, "instance", placeOf);
  const bodies = Map.groupBy(evidence.witness, attemptFinder(evidence.journal));
  return [
    ...[...attempts].flatMap(([attemptId, rows]) => judgeAttempt(attemptId, rows)),
    ...[...bodies].flatMap(([attemptId, lines]) => judgeBodies(attemptId, lines, attempts, evidence)),
    ...[...instances].flatMap(([place, rows]) => judgeInstance(place, rows, attempts, bodies)),
    ...evidence.witness.flatMap((line) => [
      ...judgeBegin(line, instances.get(placeOf(line)) ?? [], evidence),
      ...judgeSight(line, instances),
    ]),
  ];
}

type Rows = ReadonlyMap<string, readonly JournalRow[]>;

function rowsBy(
  journal: readonly JournalRow[],
  what: JournalRow["what"],
  keyOf: (row: JournalRow) => string,
): Rows {
  return Map.groupBy(
    journal.filter((row) => row.what === what),
    keyOf,
  );
}

/** Tells the attempt of a body: a try of what is cached has one. */
function attemptFinder(journal: readonly JournalRow[]): (line: WitnessLine) => string {
  const byTry = new Map<string, string>();
  for (const row of journal)
    if (row.what === "instance" && row.attemptId !== null)
      byTry.set(`${placeOf(row)}/${row.tryNumber}`, row.attemptId);
  return (line) =>
    line.attemptId ?? byTry.get(`${placeOf(line)}/${line.tryNumber}`) ?? `unknown of ${placeOf(line)}`;
}

function judgeAttempt(attemptId: string, rows: readonly JournalRow[]): string[] {
  return rows.flatMap(({ was, became, wasWorker, worker, endedBy }) => {
    if (was === "started" && became !== "gone" && worker !== wasWorker)
      return [`doubled: attempt ${attemptId} was taken from ${wasWorker} and given to ${worker}`];
    if (was === "ended" && became === "started")
      return [`doubled: attempt ${attemptId} was started after its end`];
    if (was === "ended" && became === "ended")
      return [`late: the end of attempt ${attemptId} was recorded over another one, by ${endedBy}`];
    return [];
  });
}

function judgeBodies(
  attemptId: string,
  lines: readonly WitnessLine[],
  attempts: Rows,
  { journal }: Evidence,
): string[] {
  const begun = lines.filter(({ what }) => what === "begun");
  const wrong: string[] = [];
  if (begun.length > 1)
    wrong.push(
      `doubled: attempt ${attemptId} began ${begun.length} times, on ${begun.map(({ host }) => host).join(", ")}`,
    );
  const startedBy = new Set(
    (attempts.get(attemptId) ?? []).flatMap(({ became, worker }) => (became === "started" ? [worker] : [])),
  );
  for (const { host } of begun) {
    const isGiven = journal.some(
      ({ what, worker, taskId }) => what === "host" && taskId === host && startedBy.has(worker),
    );
    if (!isGiven) wrong.push(`doubled: attempt ${attemptId} began on ${host}, which it was not given to`);
  }
  return wrong;
}

function judgeInstance(
  place: string,
  rows: readonly JournalRow[],
  attempts: Rows,
  bodies: ReadonlyMap<string, readonly WitnessLine[]>,
): string[] {
  const successes = successesOf(rows);
  const wrong: string[] = [];
  if (successes.length > 1)
    wrong.push(
      `doubled: ${place} recorded the success of ${successes.map(({ attemptId }) => attemptId).join(" and ")}`,
    );
  for (const { attemptId, seq } of successes) {
    // A hit has no attempt, and what schedulers do themselves has none of a host.
    const changes = attempts.get(attemptId ?? "");
    if (attemptId === null || !changes) continue;
    if (
      !changes.some((change) => change.seq < seq && change.became === "ended" && change.endedBy === "worker")
    )
      wrong.push(`late: ${place} recorded the success of ${attemptId}, whose end no worker brought`);
    if (!bodies.get(attemptId)?.some(({ what }) => what === "ended"))
      wrong.push(`late: ${place} recorded the success of ${attemptId}, whose body did not end`);
  }
  return wrong;
}

function judgeBegin(line: WitnessLine, rows: readonly JournalRow[], evidence: Evidence): string[] {
  const [success] = successesOf(rows);
  if (line.what !== "begun" || !success || line.at <= success.at || isExcused(line, evidence)) return [];
  return [
    `doubled: try ${line.tryNumber} of ${placeOf(line)} began on ${line.host} ${line.at - success.at} ms after ` +
      `the success of ${success.attemptId} was recorded`,
  ];
}

/** How long after a pause a host has not acted on it yet, in milliseconds. */
const WAKING_MS = 1_000;

function isExcused({ host, at }: WitnessLine, { pauses }: Evidence): boolean {
  return pauses.some((pause) => pause.host === host && pause.from <= at && at <= pause.to + WAKING_MS);
}

function judgeSight({ saw, ...line }: WitnessLine, instances: Rows): string[] {
  return (saw ?? []).flatMap((seen, mapIndex) => {
    const stamp = { runId: line.runId, taskId: STAMPED.stamp, mapIndex };
    const [success] = successesOf(instances.get(placeOf(stamp)) ?? []);
    return success?.attemptId === seen
      ? []
      : [`late: ${placeOf(line)} saw attempt ${seen} of ${placeOf(stamp)}, not ${success?.attemptId}`];
  });
}

function successesOf(rows: readonly JournalRow[]): JournalRow[] {
  return rows.filter(({ was, became }) => became === "success" && was !== "success");
}

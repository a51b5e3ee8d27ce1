// OpenLineage run events of runs and of tries of their tasks. Values are in no dataset, so events name none: what they tell is
// which run of which job did what, when, and of a hit, which run its result is from.

import { isTerminal, type DagRun, type EndedTry, type TaskInstance, DEFAULT_TEAM } from "@memodag/core";
import type { TracedTry, TraceIds } from "../traces/trace-ids.ts";

/** The kinds of events that are sent. */
export type LineageEventType = "START" | "COMPLETE" | "FAIL" | "ABORT";

/** A facet, with what every facet has. */
export type LineageFacet = Readonly<Record<string, unknown>> & {
  readonly _producer: string;
  readonly _schemaURL: string;
};

/** A RunEvent of the OpenLineage specification 2-0-2. */
export interface LineageEvent {
  readonly eventType: LineageEventType;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: Readonly<Record<string, LineageFacet>> };
  readonly job: {
    readonly namespace: string;
    readonly name: string;
    readonly facets: Readonly<Record<string, LineageFacet>>;
  };
  readonly inputs: readonly [];
  readonly outputs: readonly [];
}

const SPEC = "https://openlineage.io/spec";
const PRODUCER = "https://www.npmjs.com/package/memodag";

/** Names the facet of hits, which docs/telemetry.md describes. */
const CACHE_FACET = "urn:memodag:openlineage:memodag_cache:1";

/** Makes events; the same ids come of the same names in every process. */
export class LineageEvents {
  readonly #ids: TraceIds;
  readonly #namespace: string;

  constructor(ids: TraceIds, namespace: string) {
    this.#ids = ids;
    this.#namespace = namespace;
  }

  /** The event of a run that has started, ended, or was cancelled. */
  ofRun(run: DagRun, isCancelled: boolean): LineageEvent {
    const { state, startedAt, endedAt, createdAt, logicalDate, dataIntervalEnd } = run;
    const type =
      endedAt === null ? "START" : isCancelled ? "ABORT" : state === "success" ? "COMPLETE" : "FAIL";
    return this.#event(type, endedAt ?? startedAt ?? createdAt, {
      runId: this.#uuidOfRun(run),
      facets: {
        ...(logicalDate !== null && {
          nominalTime: facet("facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet", {
            nominalStartTime: iso(logicalDate),
            ...(dataIntervalEnd !== null && { nominalEndTime: iso(dataIntervalEnd) }),
          }),
        }),
      },
      job: this.#job(run, run.dagId, "DAG"),
    });
  }

  /** The start of a try. */
  ofStart(run: DagRun, instance: TracedTry, at: number): LineageEvent {
    return this.#event("START", at, this.#try(run, instance, {}));
  }

  /** The end of a try. */
  ofEnd(run: DagRun, ended: EndedTry): LineageEvent {
    const { outcome, error, endedAt } = ended;
    const isAborted = outcome === "lost" || outcome === "cancelled";
    const type = isAborted ? "ABORT" : outcome === "failed" ? "FAIL" : "COMPLETE";
    const facets = error && {
      errorMessage: facet("facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet", {
        message: `${error.code}: ${error.message}`,
        programmingLanguage: "JavaScript",
      }),
    };
    return this.#event(type, endedAt, this.#try(run, ended, facets ?? {}));
  }

  /** The events of a hit: it starts and completes at once, and names the run that its result is from. */
  ofHit(run: DagRun, instance: TaskInstance): readonly LineageEvent[] {
    const { producer, cacheKey, savedMs, taskId, endedAt } = instance;
    const memodag_cache = facet(CACHE_FACET, {
      status: "hit",
      key: cacheKey,
      savedMs,
      producer: producer && {
        runId: this.#uuidOfTry({ ...run, runId: producer.runId }, { ...producer, taskId }),
        dagRunId: producer.runId,
        mapIndex: producer.mapIndex,
        tryNumber: producer.tryNumber,
      },
    });
    const facts = this.#try(run, instance, { memodag_cache });
    const at = endedAt ?? run.createdAt;
    return [this.#event("START", at, facts), this.#event("COMPLETE", at, facts)];
  }

  #try(run: DagRun, instance: TracedTry, facets: Readonly<Record<string, LineageFacet>>) {
    const { namespace, name } = this.#job(run, run.dagId, "DAG");
    const parent = facet("facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet", {
      run: { runId: this.#uuidOfRun(run) },
      job: { namespace, name },
    });
    return {
      runId: this.#uuidOfTry(run, instance),
      facets: { parent, ...facets },
      job: this.#job(run, `${run.dagId}.${instance.taskId}`, "TASK"),
    };
  }

  #job({ team }: DagRun, name: string, jobType: "DAG" | "TASK"): LineageEvent["job"] {
    const namespace = team === DEFAULT_TEAM ? this.#namespace : `${this.#namespace}/${team}`;
    const facets = {
      jobType: facet("facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", {
        processingType: "BATCH",
        integration: "MEMODAG",
        jobType,
      }),
    };
    return { namespace, name, facets };
  }

  #event(
    eventType: LineageEventType,
    at: number,
    {
      runId,
      facets,
      job,
    }: {
      readonly runId: string;
      readonly facets: Readonly<Record<string, LineageFacet>>;
      readonly job: LineageEvent["job"];
    },
  ): LineageEvent {
    return {
      eventType,
      eventTime: iso(at),
      producer: PRODUCER,
      schemaURL: `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`,
      run: { runId, facets },
      job,
      inputs: [],
      outputs: [],
    };
  }

  #uuidOfRun(run: DagRun): string {
    return uuidOf(this.#ids.traceOf(run));
  }

  #uuidOfTry(run: DagRun, { taskId, mapIndex, tryNumber }: TracedTry): string {
    return uuidOf(this.#ids.traceOfTry(run, { taskId, mapIndex, tryNumber }));
  }
}

/** True for an instance that a hit stands in for, when it ends. */
export function isNewHit(instance: TaskInstance, before: TaskInstance["state"] | null): boolean {
  return instance.cacheStatus === "hit" && isTerminal(instance.state) && before !== instance.state;
}

function facet(schema: string, fields: Readonly<Record<string, unknown>>): LineageFacet {
  return {
    _producer: PRODUCER,
    _schemaURL: schema.startsWith("urn:") ? schema : `${SPEC}/${schema}`,
    ...fields,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A UUID of version 8, which is of 32 hexadecimal digits but for its version and variant. */
function uuidOf(digits: string): string {
  const variant = ((parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

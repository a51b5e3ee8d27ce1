// Every metric, as data: the recorders, both exports, the reference and the checks of the dashboard read it from here.
//
// Names are OpenTelemetry's. Prometheus sees dots as underscores, with the unit as a suffix and `_total` on counters.
// Labels never name runs: there is no limit to how many of them there are.

/** How a metric's values add up. */
export type MetricKind = "counter" | "gauge" | "histogram";

/** Which process records a metric. `installation`: the API server alone, since it is not about one process. */
export type MetricProcess = "all" | "scheduler" | "dag-processor" | "api-server" | "installation";

/** A metric, but for its name. */
export interface MetricFacts {
  readonly kind: MetricKind;
  /** `s`, `By`, or `{things}` that are counted. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly process: MetricProcess;
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
  readonly description: string;
}

const TASK_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400];
const WAIT_SECONDS = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];
const CALL_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

type Labels = readonly string[];

function counter<const L extends Labels>(
  unit: string,
  labels: L,
  process: MetricProcess,
  description: string,
) {
  return { kind: "counter" as const, unit, labels, process, description };
}

function gauge<const L extends Labels>(unit: string, labels: L, process: MetricProcess, description: string) {
  return { kind: "gauge" as const, unit, labels, process, description };
}

function histogram<const L extends Labels>(
  unit: string,
  labels: L,
  process: MetricProcess,
  buckets: readonly number[],
  description: string,
) {
  return { kind: "histogram" as const, unit, labels, process, buckets, description };
}

const catalogue = {
  "memodag.run.started": counter(
    "{run}",
    ["team", "dag", "type"],
    "scheduler",
    "Runs that started, by how they were made: manual, scheduled or backfill.",
  ),
  "memodag.run.ended": counter(
    "{run}",
    ["team", "dag", "type", "state"],
    "scheduler",
    "Runs that ended, by their state: success or failed.",
  ),
  "memodag.run.duration": histogram(
    "s",
    ["team", "dag", "state"],
    "scheduler",
    TASK_SECONDS,
    "Time from the start of a run to its end.",
  ),
  "memodag.run.schedule_delay": histogram(
    "s",
    ["team", "dag"],
    "scheduler",
    WAIT_SECONDS,
    "Time from when a scheduled run was due to its start.",
  ),
  "memodag.task.duration": histogram(
    "s",
    ["team", "dag", "task", "outcome"],
    "scheduler",
    TASK_SECONDS,
    "Time that an attempt ran, by its outcome: success, failed, skipped, lost or cancelled.",
  ),
  "memodag.task.wait": histogram(
    "s",
    ["team", "dag", "task"],
    "scheduler",
    WAIT_SECONDS,
    "Time that an instance waited for a slot or a lock after it could have run.",
  ),
  "memodag.task.ended": counter(
    "{instance}",
    ["team", "dag", "task", "state", "cache"],
    "scheduler",
    "Task instances that ended, by their state, and whether a hit (cache: hit or none) stood in.",
  ),
  "memodag.task.retries": counter(
    "{attempt}",
    ["team", "dag", "task", "error"],
    "scheduler",
    "Failed attempts that another one follows, by the code of their error.",
  ),
  "memodag.cache.lookups": counter(
    "{lookup}",
    ["team", "dag", "task", "result"],
    "scheduler",
    "Instances that asked the cache, by the answer: hit, miss, timeout or failure.",
  ),
  "memodag.cache.lookup.duration": histogram(
    "s",
    ["result"],
    "scheduler",
    CALL_SECONDS,
    "Time of a call of the record store, which answers many instances: answered or failure.",
  ),
  "memodag.cache.misses": counter(
    "{instance}",
    ["team", "dag", "reason"],
    "scheduler",
    "Instances that did not hit, by the reason that their explanation names, such as input_changed.",
  ),
  "memodag.cache.saved": counter(
    "s",
    ["team", "dag", "task"],
    "scheduler",
    "Time that the attempts took which hits stood in for.",
  ),
  "memodag.cache.stored": counter(
    "By",
    ["team", "dag", "task"],
    "scheduler",
    "Size of the results that were stored.",
  ),
  "memodag.cache.puts": counter(
    "{result}",
    ["team", "dag", "task", "result"],
    "scheduler",
    "Results that were to be stored: stored, failed, uncacheable, or differing from the entry of the same key.",
  ),
  "memodag.cache.breaker.state": gauge(
    "{breaker}",
    ["cache", "state"],
    "scheduler",
    "1 for the state of the circuit breaker of a cache: closed, half_open or open.",
  ),
  "memodag.cache.collected": counter(
    "{entry}",
    ["cause"],
    "scheduler",
    "Entries that the collector removed: expired or evicted.",
  ),
  "memodag.scheduler.heartbeat": counter(
    "{look}",
    [],
    "scheduler",
    "Times that the scheduler looked for runs, and the database answered.",
  ),
  "memodag.scheduler.runs.held": gauge("{run}", [], "scheduler", "Runs that the scheduler executes."),
  "memodag.scheduler.slots.free": gauge(
    "{slot}",
    [],
    "scheduler",
    "Attempts of the default queue for which the scheduler has room.",
  ),
  "memodag.scheduler.write.duration": histogram(
    "s",
    ["result"],
    "scheduler",
    CALL_SECONDS,
    "Time of writing a pass: written, limit_reached, rejected, lease_lost, other or failure.",
  ),
  "memodag.runs.active": gauge(
    "{run}",
    ["team", "state"],
    "installation",
    "Runs that have not ended: queued or running.",
  ),
  "memodag.runs.oldest_queued.age": gauge(
    "s",
    [],
    "installation",
    "Time since the oldest queued run was made; 0 if none is queued.",
  ),
  "memodag.pool.slots": gauge("{slot}", ["pool"], "installation", "Slots of the pools of the config."),
  "memodag.pool.slots.used": gauge(
    "{slot}",
    ["pool"],
    "installation",
    "Slots that queued and running tasks take: more than there are after the pool was made smaller.",
  ),
  "memodag.pool.waiting": gauge(
    "{instance}",
    ["pool"],
    "installation",
    "Instances of the pool's tasks that could run and wait: for slots of it, for a free process, or for a lock.",
  ),
  "memodag.callbacks.owed": gauge(
    "{callback}",
    [],
    "installation",
    "Callbacks of runs and tasks that have not been called to their end.",
  ),
  "memodag.cache.enabled": gauge(
    "{switch}",
    [],
    "installation",
    "1 if caching is on, 0 if the config or the switch turned it off.",
  ),
  "memodag.cache.entries": gauge("{entry}", ["team"], "installation", "Entries of the cache."),
  "memodag.cache.size": gauge("By", ["team"], "installation", "Size of the results of all entries."),
  "memodag.cache.size.limit": gauge(
    "By",
    [],
    "installation",
    "Size above which entries are evicted; absent without a limit.",
  ),
  "memodag.dag_file.errors": gauge("{file}", ["bundle"], "installation", "Dag files that could not be read."),
  "memodag.dag_file.processed": counter(
    "{file}",
    ["bundle", "result"],
    "dag-processor",
    "Dag files that were read because they changed: read or broken.",
  ),
  "memodag.dag_file.scan.duration": histogram(
    "s",
    ["bundle"],
    "dag-processor",
    TASK_SECONDS,
    "Time to read the changed files of a bundle.",
  ),
  "http.server.request.duration": histogram(
    "s",
    ["method", "route", "status"],
    "api-server",
    CALL_SECONDS,
    "Time to answer a request of the REST API; of streams, to their first byte.",
  ),
  "memodag.api.streams": gauge(
    "{stream}",
    [],
    "api-server",
    "Streams of events and logs that clients hold open.",
  ),
  "memodag.telemetry.dropped": counter(
    "{item}",
    ["what"],
    "all",
    "What could not be exported: series, spans or events.",
  ),
  "nodejs.eventloop.delay.p99": gauge(
    "s",
    [],
    "all",
    "Delay of the event loop since the last export, which 1 % of its turns exceeded.",
  ),
  "process.cpu.time": counter("s", [], "all", "Processor time of the process."),
  "process.memory.usage": gauge("By", [], "all", "Resident memory of the process."),
} satisfies Readonly<Record<string, MetricFacts>>;

/** Name of a metric. */
export type MetricName = keyof typeof catalogue;

/** The names of a kind. */
export type NameOf<K extends MetricKind> = {
  [N in MetricName]: (typeof catalogue)[N]["kind"] extends K ? N : never;
}[MetricName];

/** The labels that a value of a metric must have. */
export type LabelsOf<N extends MetricName> = Readonly<
  Record<(typeof catalogue)[N]["labels"][number], string>
>;

/** All metrics by name. */
export const METRICS: Readonly<Record<MetricName, MetricFacts>> = catalogue;

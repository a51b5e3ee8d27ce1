// The metrics of a process, in memory. Recording is a few lookups in maps; exports read snapshots.

import { METRICS, type LabelsOf, type MetricFacts, type MetricName, type NameOf } from "../catalogue.ts";

/** Series of one metric, at most: what exceeds them is counted, not kept. */
const MOST_SERIES = 5_000;

/** The values of a histogram. */
export interface HistogramValue {
  /** One more than the metric has bounds: the last has what exceeds them all. Not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** One series of a metric. */
export interface MetricPoint {
  /** In the order of the catalogue. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number | HistogramValue;
}

/** A metric and its series, as of one moment. */
export interface MetricFamily {
  readonly name: MetricName;
  readonly facts: MetricFacts;
  readonly points: readonly MetricPoint[];
}

interface Series {
  readonly labels: MetricPoint["labels"];
  value: number;
  /** Of a histogram. */
  readonly counts?: number[];
  count: number;
}

/** Settings of {@link Metrics}. */
export interface MetricsOptions {
  /** False: metrics have no label `task`, and those of a Dag's tasks are added up. Default: true. */
  readonly hasTasks?: boolean;
}

/** Records metrics. No method throws. */
export class Metrics {
  readonly #series = new Map<MetricName, Map<string, Series>>();
  readonly #observers: (() => Promise<void> | void)[] = [];
  readonly #hasTasks: boolean;

  constructor({ hasTasks = true }: MetricsOptions = {}) {
    this.#hasTasks = hasTasks;
  }

  /** Adds to a counter. */
  add<N extends NameOf<"counter">>(name: N, labels: LabelsOf<N>, by = 1): void {
    if (by <= 0) return;
    const series = this.#find(name, labels);
    if (series) series.value += by;
  }

  /** Gives a counter a series at 0: a rule on its increase misses the first one of a series that begins at 1. */
  begin<N extends NameOf<"counter">>(name: N, labels: LabelsOf<N>): void {
    this.#find(name, labels);
  }

  /** Records a value of a histogram, in its unit. */
  record<N extends NameOf<"histogram">>(name: N, labels: LabelsOf<N>, value: number): void {
    const series = this.#find(name, labels);
    if (!series?.counts) return;
    const { buckets = [] } = METRICS[name];
    const index = buckets.findIndex((bound) => value <= bound);
    const place = index < 0 ? buckets.length : index;
    series.counts[place] = (series.counts[place] ?? 0) + 1;
    series.value += Math.max(0, value);
    series.count += 1;
  }

  /** Sets a gauge. */
  set<N extends NameOf<"gauge">>(name: N, labels: LabelsOf<N>, value: number): void {
    const series = this.#find(name, labels);
    if (series) series.value = value;
  }

  /** Sets a counter to a total that is kept elsewhere. */
  setTotal<N extends NameOf<"counter">>(name: N, labels: LabelsOf<N>, total: number): void {
    const series = this.#find(name, labels);
    if (series) series.value = Math.max(series.value, total);
  }

  /** Forgets all series of a gauge, before the current ones are set. */
  clear(name: NameOf<"gauge">): void {
    this.#series.delete(name);
  }

  /** Calls the observer before each snapshot, to set gauges. */
  observe(observer: () => Promise<void> | void): void {
    this.#observers.push(observer);
  }

  /** Asks the observers, and returns all metrics that have series. Never rejects. */
  async collect(): Promise<MetricFamily[]> {
    // One that fails leaves its gauges as they were.
    await Promise.allSettled(this.#observers.map(async (observer) => await observer()));
    return Array.from(this.#series, ([name, series]) => ({
      name,
      facts: METRICS[name],
      points: Array.from(series.values(), ({ labels, value, counts, count }) => ({
        labels,
        value: counts ? { counts: [...counts], sum: value, count } : value,
      })),
    }));
  }

  #find(name: MetricName, given: Readonly<Record<string, string>>): Series | undefined {
    const { labels: names, kind, buckets = [] } = METRICS[name];
    const known = this.#series.get(name) ?? new Map<string, Series>();
    this.#series.set(name, known);
    const used = this.#hasTasks ? names : names.filter((label) => label !== "task");
    const values = used.map((label) => given[label] ?? "");
    const key = JSON.stringify(values);
    const found = known.get(key);
    if (found) return found;
    if (known.size >= MOST_SERIES) {
      if (name !== "memodag.telemetry.dropped") this.add("memodag.telemetry.dropped", { what: "series" });
      return undefined;
    }
    const series: Series = {
      labels: used.map((label, index) => [label, values[index] ?? ""]),
      value: 0,
      ...(kind === "histogram" && { counts: Array.from({ length: buckets.length + 1 }, () => 0) }),
      count: 0,
    };
    known.set(key, series);
    return series;
  }
}

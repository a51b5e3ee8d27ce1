// The metrics of a process, as the SDK's reader takes them.

import { ValueType, type HrTime } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type CollectionResult,
  type DataPoint,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { MetricFamily, MetricPoint } from "@memodag/telemetry";
import { hrTime, SCOPE } from "./readable-span.ts";

/** Reads the metrics at each export. */
export class MetricsSource implements MetricProducer {
  readonly #collect: () => Promise<readonly MetricFamily[]>;
  readonly #resource: Resource;
  readonly #startTime = hrTime(Date.now());

  constructor(collect: () => Promise<readonly MetricFamily[]>, resource: Resource) {
    this.#collect = collect;
    this.#resource = resource;
  }

  async collect(): Promise<CollectionResult> {
    const endTime = hrTime(Date.now());
    const metrics = (await this.#collect()).map((family) => this.#toData(family, endTime));
    return {
      resourceMetrics: { resource: this.#resource, scopeMetrics: [{ scope: SCOPE, metrics }] },
      errors: [],
    };
  }

  #toData({ name, facts, points }: MetricFamily, endTime: HrTime): MetricData {
    const { description, unit, kind, buckets = [] } = facts;
    const common = {
      descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    const pointsOf = <T>(valueOf: (value: MetricPoint["value"]) => T): DataPoint<T>[] =>
      points.map(({ labels, value }) => ({
        startTime: this.#startTime,
        endTime,
        attributes: Object.fromEntries(labels),
        value: valueOf(value),
      }));
    if (kind === "histogram") {
      const dataPoints = pointsOf((value) => histogramOf(value, buckets));
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = pointsOf(Number);
    return kind === "gauge"
      ? { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
      : { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
}

function histogramOf(value: MetricPoint["value"], boundaries: readonly number[]): Histogram {
  const { counts, sum, count } = typeof value === "number" ? { counts: [], sum: 0, count: 0 } : value;
  return { buckets: { boundaries: [...boundaries], counts: [...counts] }, sum, count };
}

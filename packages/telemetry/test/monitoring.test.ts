// The alert rules, the dashboard and the reference name metrics and labels that there are.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { METRICS, sampleNames } from "../src/index.ts";
import { metricsReference } from "../src/generate/generated-files.ts";

const monitoring = fileURLToPath(new URL("../../../docs/monitoring/", import.meta.url));

/** Labels that every sample has besides those of the catalogue. */
const OF_PROMETHEUS = ["job", "instance"];

const LABELS = new Map(
  Object.entries(METRICS).flatMap(([name, facts]) =>
    sampleNames(name, facts).map((sample) => {
      const le = sample.endsWith("_bucket") ? ["le"] : [];
      return [sample, new Set([...facts.labels, ...le, ...OF_PROMETHEUS])] as const;
    }),
  ),
);

/** Returns what is wrong with an expression: its syntax, metrics that there are not, and labels that they do not have. */
function faultsOf(expr: string): string[] {
  const text = expr.replaceAll("$__rate_interval", "5m");
  const faults: string[] = [];
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter(node) {
      const found = text.slice(node.from, node.to);
      if (node.type.isError) faults.push(`syntax at ${node.from}: ${text}`);
      if (node.name === "VectorSelector") metrics.push(/^[\w:]+/.exec(found)?.[0] ?? found);
      if (node.name === "LabelName") labels.push(found);
    },
  });
  const known = metrics.flatMap((name) => LABELS.get(name) ?? []);
  faults.push(...metrics.filter((name) => !LABELS.has(name)).map((name) => `no metric ${name}`));
  faults.push(
    ...labels
      .filter((label) => !known.some((of) => of.has(label)))
      .map((label) => `no label ${label}: ${text}`),
  );
  return faults;
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

describe("expressions", () => {
  it("are read: a metric, a label and syntax that there are not are found", () => {
    expect(faultsOf('sum by (dag) (rate(memodag_run_ended_total{state="failed"}[5m])) > 0')).toEqual([]);
    expect(faultsOf("memodag_run_ended")).toEqual(["no metric memodag_run_ended"]);
    expect(faultsOf("sum by (task) (memodag_cache_entries)")).toEqual([
      expect.stringContaining("no label task"),
    ]);
    expect(faultsOf('memodag_cache_entries{run="1"}')).toEqual([expect.stringContaining("no label run")]);
    expect(faultsOf("sum(rate(memodag_cache_entries[5m])")).toEqual([expect.stringContaining("syntax")]);
  });

  it("of the alert rules are about metrics of the catalogue", () => {
    const { groups } = parse(readFileSync(`${monitoring}alerts.yaml`, "utf8")) as Rules;
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(12);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(rules.flatMap(({ expr }) => faultsOf(expr))).toEqual([]);
  });

  it("of the dashboard are about metrics of the catalogue, and together about nearly all of them", () => {
    const { panels, templating } = JSON.parse(readFileSync(`${monitoring}grafana.json`, "utf8")) as Dashboard;
    const targets = panels.flatMap((panel) => panel.targets ?? []);
    expect(targets.flatMap(({ expr }) => faultsOf(expr))).toEqual([]);
    for (const { expr, legendFormat } of targets)
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(expr).toContain(label);
    const variables = templating.list.flatMap(({ definition }) => definition ?? []);
    expect(variables).toHaveLength(2);
    for (const definition of variables) {
      const [, inner = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      expect(faultsOf(`sum by (${label}) (${inner})`)).toEqual([]);
    }
    const shown = targets.map(({ expr }) => expr).join("\n");
    const missing = Object.entries(METRICS).filter(
      ([name, facts]) => !sampleNames(name, facts).some((sample) => shown.includes(sample)),
    );
    expect(missing.map(([name]) => name)).toEqual([
      "memodag.run.started",
      "memodag.dag_file.scan.duration",
      "memodag.telemetry.dropped",
      "nodejs.eventloop.delay.p99",
      "process.cpu.time",
    ]);
  });
});

it("docs/reference/metrics.md is what the catalogue says (npm run generate)", () => {
  const { path, text } = metricsReference();
  expect(readFileSync(path, "utf8")).toBe(text);
});

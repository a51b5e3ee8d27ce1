// A strict reader of OpenMetrics text, for tests: it throws for what the specification forbids.

/** A family, as it was read. */
export interface ParsedFamily {
  readonly type: string;
  readonly unit: string | undefined;
  readonly help: string;
  readonly samples: ParsedSample[];
}

/** One value. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/** Reads text. @throws Error that names the line */
export function parseOpenMetrics(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith("\n# EOF\n") && text !== "# EOF\n") throw new Error("there is no # EOF at the end");
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let described: { name?: string; type?: string; unit?: string; help?: string } = {};
  for (const line of text.split("\n").slice(0, -2)) {
    const [, keyword, name = "", rest = ""] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      if (name !== described.name) described = { name };
      const key = keyword.toLowerCase() as "type" | "unit" | "help";
      if (described[key] !== undefined) throw new Error(`said twice: ${line}`);
      if (families.has(name)) throw new Error(`after the samples of its family, or said twice: ${line}`);
      described[key] = rest;
      continue;
    }
    addSample(line, described, families, seen);
  }
  return families;
}

function addSample(
  line: string,
  described: { name?: string; type?: string; unit?: string; help?: string },
  families: Map<string, ParsedFamily>,
  seen: Set<string>,
): void {
  const { name: family, type, unit, help } = described;
  const [, name, labelText = "", valueText = ""] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  if (family === undefined || type === undefined || help === undefined)
    throw new Error(`without TYPE and HELP: ${line}`);
  if (!SUFFIXES[type]?.some((suffix) => name === `${family}${suffix}`))
    throw new Error(`not of the ${type} ${family}: ${line}`);
  if (unit !== undefined && !family.endsWith(`_${unit}`))
    throw new Error(`${family} does not end in ${unit}`);
  const value = valueText === "+Inf" ? Infinity : Number(valueText);
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  const known = families.get(family) ?? { type, unit, help, samples: [] };
  families.set(family, known);
  const labels = parseLabels(labelText, line);
  const series = line.slice(0, line.lastIndexOf(" "));
  if (seen.has(series)) throw new Error(`a series twice: ${line}`);
  seen.add(series);
  known.samples.push({ name, labels, value });
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== "";) {
    const [all = "", name, value] = LABEL.exec(rest) ?? [];
    if (name === undefined || value === undefined) throw new Error(`labels that cannot be read: ${line}`);
    if (name in labels) throw new Error(`a label twice: ${line}`);
    labels[name] = value.replaceAll(/\\([\\"n])/g, (_, of: string) => (of === "n" ? "\n" : of));
    rest = rest.slice(all.length);
  }
  return labels;
}

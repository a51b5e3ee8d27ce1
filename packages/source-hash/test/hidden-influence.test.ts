import { describe, expect, test } from "vitest";
import { hashProject, taskOf } from "./support/hash-project.ts";

/** A Dag file with the task `d.t`: `top` before it, `handler` its own code. */
function dagFile(top: string, handler: string): string {
  return `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
`;
}

async function hashOf(source: string): Promise<string> {
  return taskOf(await hashProject({ "dag.ts": source }), "d.t").hash;
}

type Case = readonly [title: string, source: string, edit: readonly [from: string, to: string]];

async function hashesOf([, source, [from, to]]: Case): Promise<readonly [string, string]> {
  expect(source).toContain(from);
  return [await hashOf(source), await hashOf(source.replaceAll(from, to))];
}

describe("names that are values", () => {
  const cases: readonly Case[] = [
    [
      "a table with classes' names for keys",
      dagFile(
        `class Money {}\nclass Price {}\nconst kinds = Object.fromEntries([Money, Price].map((c) => [c["na" + "me"], c]));`,
        `() => Object.keys(kinds)`,
      ),
      ["Money", "Amount"],
    ],
    [
      "an inspected instance",
      dagFile(`import { inspect } from "node:util";\nclass Meter { n = 1 }`, `() => inspect(new Meter())`),
      ["Meter", "Gauge"],
    ],
    [
      "a class registered with a package",
      dagFile(
        `import superjson from "superjson";\nclass Money { c = 1 }\nsuperjson(Money);`,
        `() => superjson(new Money())`,
      ),
      ["Money", "Price"],
    ],
    [
      "a function's name read by descriptors",
      dagFile(`function work() { return 1 }`, `() => Object.getOwnPropertyDescriptors(work)["na" + "me"]`),
      ["work", "toil"],
    ],
    [
      "the name of a function in a table",
      dagFile(`const steps = { first: function load() {} };`, `() => steps.first["na" + "me"]`),
      ["function load", "function fetch"],
    ],
  ];
  test.each(cases)("%s", async (...one) => {
    const [before, after] = await hashesOf(one);
    expect(after).not.toBe(before);
  });

  test("the name that the bundler had to change is the source's own", async () => {
    const files = (second: string) => ({
      "dag.ts": dagFile(
        `import { first } from "./a.ts";\nimport { second } from "./b.ts";`,
        `() => [first(), second()]`,
      ),
      "a.ts": `function helper() { return 1 }\nexport const first = () => helper.name;`,
      "b.ts": `function ${second}() { return 2 }\nexport const second = () => ${second}.name;`,
    });
    const hash = async (name: string) => taskOf(await hashProject(files(name)), "d.t").hash;
    expect(await hash("helper2")).not.toBe(await hash("helper"));
  });

  test.each(["value", "target", "all", "name"])(
    "a variable called %s changes no hash, though the bundler renames its own by it",
    async (name) => {
      const source = dagFile(
        `const found = 1;\nexport function work() { return 1 }`,
        `() => [work(), found]`,
      );
      expect(await hashOf(source.replaceAll("found", name))).toBe(await hashOf(source));
      const { impureStatements } = await hashProject({ "dag.ts": source.replaceAll("found", name) });
      expect(impureStatements).toEqual([]);
    },
  );
});

describe("the text of functions", () => {
  const work = `function work(rows: number) { const sum = rows + 1; return sum }`;
  const edit = ["sum", "total"] as const;
  const cases: readonly Case[] = [
    ["toString", dagFile(work, `() => work.toString()`), edit],
    ["String", dagFile(work, `() => String(work)`), edit],
    ["a template", dagFile(work, "() => `${work}`"), edit],
    ["a sum of texts", dagFile(work, `() => "" + work`), edit],
    ["a key of a table", dagFile(work, `() => Object.keys({ [work as any]: 1 })`), edit],
    [
      "the key of a memo",
      dagFile(
        `${work}\nconst memo = (fn: any) => { const key = fn.toString(); return () => [key, fn(1)] };\nconst kept = memo(work);`,
        `() => kept()`,
      ),
      edit,
    ],
    [
      "a property that is called elsewhere",
      dagFile(
        `${work}\nclass Step { run: any; constructor(run: any) { this.run = run } key() { return \`\${this.run}\` } go() { return this.run(1) } }\nconst step = new Step(work);`,
        `() => step.key()`,
      ),
      edit,
    ],
    ["a conversion handed on", dagFile(work, `() => [work].map(String)`), edit],
  ];
  test.each(cases)("%s: local names count", async (...one) => {
    const [before, after] = await hashesOf(one);
    expect(after).not.toBe(before);
  });

  test("without a conversion they do not", async () => {
    const source = dagFile(work, "() => `${work(1)}`");
    expect(await hashOf(source.replaceAll("sum", "total"))).toBe(await hashOf(source));
  });
});

describe("the order of evaluation", () => {
  const swapped = (first: string, second: string) => [`${first}\n${second}`, `${second}\n${first}`] as const;
  const cases: readonly Case[] = [
    [
      "of a read of the environment and what sets it",
      dagFile(`process.env.MODE ??= "fast";\nconst mode = process.env.MODE ?? "slow";`, `() => mode`),
      swapped(`process.env.MODE ??= "fast";`, `const mode = process.env.MODE ?? "slow";`),
    ],
    [
      "of a class that reads the environment and what sets it",
      dagFile(
        `process.env.MODE ??= "fast";\nclass Config { static mode = process.env.MODE }`,
        `() => Config.mode`,
      ),
      swapped(`process.env.MODE ??= "fast";`, `class Config { static mode = process.env.MODE }`),
    ],
    [
      "of a function's use and its replacement",
      dagFile(
        `function load(): number { return 1 }\nconst raw = load;\n(load as any) = () => 2;`,
        `() => raw()`,
      ),
      swapped(`const raw = load;`, `(load as any) = () => 2;`),
    ],
    [
      "of a function kept in a table and its replacement",
      dagFile(
        `function load(): number { return 1 }\nconst table = { load };\n(load as any) = () => 2;`,
        `() => table.load()`,
      ),
      swapped(`const table = { load };`, `(load as any) = () => 2;`),
    ],
    [
      "of a read of a package's variable and the call that sets it",
      dagFile(
        `import set, { value as current } from "settings";\nset(5);\nconst seen = current;`,
        `() => seen`,
      ),
      swapped(`set(5);`, `const seen = current;`),
    ],
  ];
  test.each(cases)("%s", async (...one) => {
    const [before, after] = await hashesOf(one);
    expect(after).not.toBe(before);
  });

  test("of two modules that are imported", async () => {
    const files = (imports: string) => ({
      "dag.ts": dagFile(imports, "() => mode"),
      "defaults.ts": `process.env.MODE ??= "fast";`,
      "config.ts": `export const mode = process.env.MODE ?? "slow";`,
    });
    const hash = async (...lines: string[]) => taskOf(await hashProject(files(lines.join("\n"))), "d.t").hash;
    const [defaults, config] = [`import "./defaults.ts";`, `import { mode } from "./config.ts";`];
    expect(await hash(config, defaults)).not.toBe(await hash(defaults, config));
  });
});

// The Dag files of the projects that tests make.

/** Path below the bundle's folder → text. */
export const dagFiles: Readonly<Record<string, string>> = {
  "broken.ts": `import { Dag } from "memodag";

throw new Error("half written");

export const dag = new Dag("broken");
`,
  "failing.ts": `import { Dag } from "memodag";

export const dag = new Dag("failing");

const bad = dag.task("bad", () => {
  throw new Error("no luck");
});
const after = dag.task("after", ({ value }: { value: unknown }) => value);

after({ value: bad({}) });
`,
  "shapes.ts": `import { Dag, getContext } from "memodag";

export const dag = new Dag("shapes", { params: { sides: 3 }, tags: ["test"] });

const draw = dag.task("draw", ({ size }: { size: number }) => ({ area: size * size }), { cache: true });

const sum = dag.task(
  "sum",
  ({ areas }: { areas: { area: number }[] }) => {
    getContext().log.info("summing");
    return areas.reduce((total, { area }) => total + area, 0) * Number(getContext().params.sides);
  },
  { cache: { includeInputs: ["params.sides"] } },
);

sum({ areas: draw.partial({}).expand({ size: [1, 2, 3] }) });
`,
};

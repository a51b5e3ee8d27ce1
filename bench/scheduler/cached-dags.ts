// Dags whose every task hits, in the shapes that a scheduler finds hard.

import { Dag } from "memodag";

const inert = (): unknown => null;

/** So many tasks beside each other. */
export function wideDag(count: number): Dag {
  const dag = new Dag("wide", { maxActiveTasks: 1_000_000 });
  for (let index = 0; index < count; index += 1) {
    dag.task(`t${index}`, inert as (args: { n: number }) => unknown, { cache: true })({ n: index });
  }
  return dag;
}

/** So many tasks one after another. */
export function chainDag(count: number): Dag {
  const dag = new Dag("chain");
  const first = dag.task("t0", inert as (args: { n: number }) => unknown, { cache: true });
  let last = first({ n: 0 });
  for (let index = 1; index < count; index += 1) {
    const task = dag.task(`t${index}`, inert as (args: { of: unknown }) => unknown, { cache: true });
    last = task({ of: last as never });
  }
  return dag;
}

/** Layers of tasks, each with two upstream tasks of the layer above. */
export function layeredDag(count: number, layers: number): Dag {
  const dag = new Dag("layered", { maxActiveTasks: 1_000_000 });
  const width = Math.ceil(count / layers);
  let above: unknown[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const refs: unknown[] = [];
    for (let index = 0; index < width; index += 1) {
      const task = dag.task(`l${layer}_${index}`, inert as (args: Record<string, unknown>) => unknown, {
        cache: true,
      });
      const args = layer === 0 ? { n: index } : { a: above[index], b: above[(index + 1) % width] };
      refs.push((task as (args: unknown) => unknown)(args));
    }
    above = refs;
  }
  return dag;
}

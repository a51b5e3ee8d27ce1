// As little of the SDK as a fixture needs: what `import { Dag } from "memodag"` gives in these tests.

/** Source of an ES module that stands in for `memodag`. */
export const STAND_IN_SDK = `
export class TaskRef {
  constructor(task) { this.task = task; Object.freeze(this); }
  get taskId() { return this.task.id; }
  toJSON() { return this.task.id; }
  after() { return this; }
  before() { return this; }
  field() { return new TaskRef(this.task); }
}
class TaskScope {
  #tasks;
  #prefix;
  constructor(tasks, prefix) { this.#tasks = tasks; this.#prefix = prefix; }
  taskGroup(id) { return new TaskGroup(this.#tasks, this.#prefix + id + "."); }
  transaction(id) { return this.taskGroup(id); }
  task(id, handler, options) {
    if (id.trigger) return Object.assign(() => new TaskRef({ id: handler.taskId }), { taskId: handler.taskId });
    if (typeof id === "function") { options = handler; handler = id; id = options?.taskId ?? handler.name; }
    id = this.#prefix + id;
    const task = { id, handler, args: {} };
    this.#tasks.set(id, task);
    const place = (args) => { task.args = args; return new TaskRef(task); };
    return Object.assign((args = {}) => place(args), {
      taskId: id,
      expand: (mapped) => place(mapped),
      partial: (shared) => ({ expand: (mapped) => place({ ...shared, ...mapped }) }),
    });
  }
}
class TaskGroup extends TaskScope {
  constructor(tasks, prefix) { super(tasks, prefix); this.groupId = prefix.slice(0, -1); }
  toJSON() { return this.groupId; }
  commitWhen() { return this; }
  after() { return this; }
  before() { return this; }
}
export class Dag extends TaskScope {
  constructor(dagId) {
    const tasks = new Map();
    super(tasks, "");
    this.dagId = dagId;
    Object.defineProperty(this, Symbol.for("standin.tasks"), { value: tasks });
  }
  #decide(decider, args = {}, options) {
    if (typeof decider === "function") this.task(decider, options)(args);
  }
  if(...given) {
    this.#decide(...given);
    return { then: () => ({ else: () => {} }) };
  }
  switch(...given) {
    this.#decide(...given);
    const cases = { case: () => cases, default: () => {} };
    return cases;
  }
}
export class Bundle {
  #dags = [];
  constructor(...dags) { this.register(...dags); }
  register(...dags) { this.#dags.push(...dags); }
  async serve() {}
}
export const approval = (spec) => Object.freeze({ spec });
export const hitl = approval;
export const triggerDagRun = (trigger) => Object.freeze({ trigger });
Object.assign(TaskScope.prototype, {
  sensor: TaskScope.prototype.task,
  triggerDagRun: (id) => new TaskRef({ id: id.taskId ?? id }),
  waitForDagRun: (id) => new TaskRef({ id: id.taskId ?? id }),
});
export const getContext = () => ({ params: {} });
export class FailTask extends Error {}
export const every = (interval) => "@every " + interval;
export const param = (options) => Object.freeze({ options });
class Policy {
  plus() { return new Policy(); }
  minus() { return new Policy(); }
  with() { return new Policy(); }
}
export const INPUTS = new Policy(), SOURCE = new Policy(), RUN_ID = new Policy();
export const context = () => new Policy(), env = context, version = context, KEY = context;
`;

/** A placed task of the stand-in. */
export interface StandInTask {
  readonly id: string;
  readonly handler: (args: never) => unknown;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The tasks of all Dags among a module's exports, by `dag.task`. */
export function tasksOf(exports: Readonly<Record<string, unknown>>): Map<string, StandInTask> {
  const tasks = new Map<string, StandInTask>();
  for (const value of Object.values(exports).flat()) {
    if (typeof value !== "object" || value === null) continue;
    const found = (value as Record<symbol, unknown>)[Symbol.for("standin.tasks")];
    if (!found) continue;
    const { dagId } = value as unknown as { dagId: string };
    for (const task of (found as Map<string, StandInTask>).values()) tasks.set(`${dagId}.${task.id}`, task);
  }
  return tasks;
}

// Names of Airflow's TypeScript SDK that memodag does not have, with their replacements.

const INSTEAD: Readonly<Record<string, string>> = {
  BundleServer: "there is no BundleServer: export each Dag; `memodag dev` reads the files",
  serve: "nothing is served: export each Dag; `memodag dev` reads the files",
  getConnection:
    "there are no connections: read a variable, getClient().getVariable(name), or an environment variable that " +
    "the task declares in cache: { env }",
  getVariable: "variables are read by the client: getClient().getVariable(name)",
  setVariable: "variables are set in the config, [[variables]], and not by tasks",
  getXCom: "XComs are read by the client: getClient().getXCom(…), or come as a task's arguments",
  setXCom: "XComs are written by the client: getClient().setXCom(…), or are what a task returns",
  withArgList: "arguments have names: call the task with an object, task({ rows: load({}) })",
  withArgNames: "arguments have the names that the call gives them: task({ rows: load({}) })",
  TaskHandler: "there are no Dags in Python: declare the Dag here, and its tasks with dag.task(id, handler)",
  Label: "edges have no labels: pass the ref alone",
  label: "edges have no labels: pass the ref alone",
  registerTask: "tasks are made by their Dag: dag.task(id, handler)",
  Asset: "there are no assets: dag.waitForDagRun waits for another Dag's run, dag.triggerDagRun makes one",
  Variable: "variables are read by the client: getClient().getVariable(name)",
  Connection: "there are no connections: read a variable, getClient().getVariable(name)",
};

const MISSING = [
  /does not provide an export named '(\w+)'/,
  /\b(\w+) is not a (?:function|constructor)/,
  /No matching export in .* for import "(\w+)"/,
];

/** Returns the replacement of the name that an error reports as missing, or undefined for other names. */
export function insteadOfAirflowName(message: string): string | undefined {
  for (const pattern of MISSING) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined && Object.hasOwn(INSTEAD, name)) return INSTEAD[name];
  }
  return undefined;
}

// Advice on names of Airflow's SDK is for names that memodag does not have.

import * as sdk from "@memodag/sdk";
import { expect, it } from "vitest";
import { insteadOfAirflowName } from "../../src/loading/airflow-names.ts";

const missing = (name: string) => `The module "memodag" does not provide an export named '${name}'`;

it("says what replaces a missing name", () => {
  expect(insteadOfAirflowName(missing("Asset"))).toMatch(/^there are no assets: /);
  expect(insteadOfAirflowName("dag.registerTask is not a function")).toMatch(/dag\.task\(id, handler\)/);
});

it("says nothing of names that memodag exports", () => {
  expect(Object.keys(sdk)).toContain("Bundle");
  expect(Object.keys(sdk).filter((name) => insteadOfAirflowName(missing(name)) !== undefined)).toEqual([]);
});

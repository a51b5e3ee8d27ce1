import { expect, it } from "vitest";
import { workerEnvironment } from "../src/worker-environment.ts";

const environment = {
  PATH: "/bin",
  MEMODAG__DATABASE__URL: "postgres://u:p@h/d",
  MEMODAG_ANYTHING: "1",
  PGHOST: "db",
  PGUSER: "etl",
  PGPASSFILE: "/run/pgpass",
  PGPASSWORD: "secret",
  PGLITE: "1",
  Pgcolor: "red",
};
const names = (declared: readonly string[], ordinary: readonly string[]) =>
  Object.keys(workerEnvironment(environment, declared, ordinary));

it("gives no worker memodag's variables or PostgreSQL's unasked", () => {
  expect(names([], ["PATH", "NODE_*"])).toEqual(["PATH", "Pgcolor"]);
});

it("gives those of PostgreSQL that the config calls ordinary, and neither password nor the file of them", () => {
  expect(names([], ["PG*", "MEMODAG_*"])).toEqual(["PATH", "PGHOST", "PGUSER", "PGLITE", "Pgcolor"]);
});

it("gives those that the task declares, the file of passwords too, and the password to none", () => {
  const declared = ["PGHOST", "PGPASSFILE", "PGPASSWORD", "MEMODAG_ANYTHING"];
  expect(names(declared, [])).toEqual(["PATH", "PGHOST", "PGPASSFILE", "Pgcolor"]);
});

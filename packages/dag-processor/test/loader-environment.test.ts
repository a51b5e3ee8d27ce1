import { expect, it } from "vitest";
import { loaderEnvironment } from "../src/loading/loader-environment.ts";

it("keeps memodag's variables and PostgreSQL's from Dag files", () => {
  const environment = {
    PATH: "/bin",
    MEMODAG__DATABASE__URL: "postgres://u:p@h/d",
    MEMODAG_HANDED_SECRETS: "1",
    PGPASSWORD: "secret",
    PGPASSFILE: "/run/pgpass",
    PGSERVICE: "main",
    PAGER: "less",
  };
  expect(loaderEnvironment(environment)).toEqual({ PATH: "/bin", PAGER: "less" });
});

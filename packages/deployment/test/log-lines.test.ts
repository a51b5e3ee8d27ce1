import { expect, it } from "vitest";
import { lineLogger } from "../src/logging/log-lines.ts";
import type { LogLevel } from "../src/logging/log-level.ts";

it("logs what is at least as grave as the level that holds at that moment", () => {
  const lines: string[] = [];
  let level: LogLevel = "info";
  const log = lineLogger(
    (line) => lines.push(line.slice(9)),
    () => level,
  );
  const sayAll = (): void => {
    log.debug("a");
    log.info("b", { dagId: "penguins", reason: "two words" });
    log.warn("c");
    log.error("d");
  };
  sayAll();
  expect(lines.splice(0)).toEqual(['info  b dagId=penguins reason="two words"', "warn  c", "error d"]);
  level = "error";
  sayAll();
  expect(lines.splice(0)).toEqual(["error d"]);
  level = "debug";
  sayAll();
  expect(lines).toHaveLength(4);
});

it("keeps a message on its line, and lets no field forge another", () => {
  const lines: string[] = [];
  const log = lineLogger(
    (line) => lines.push(line.slice(9)),
    () => "info",
  );
  log.warn("failed: a\n12:00:00 info  all is well", { error: "b\nc\u001b[2J" });
  expect(lines).toEqual(['warn  failed: a\\n12:00:00 info  all is well error="b\\nc\\u001b[2J"']);
});

// `memodag dev | scheduler | dag-processor`: the parts that go on until they are told to stop.

import type { Command } from "commander";
import type { CommonOptions } from "../wiring/settings.ts";
import { withCommonOptions } from "./common-options.ts";

/** Adds the commands that go on until they are told to stop. */
export function registerServices(program: Command): void {
  withCommonOptions(program.command("dev"))
    .description("everything in one: read Dag files as they change, schedule, execute")
    .action(async (options: CommonOptions) => {
      const { runDev } = await import("../wiring/run-dev.ts");
      await runDev(options);
    });
  withCommonOptions(program.command("scheduler"))
    .description("schedule and execute runs; any number of them may run")
    .action(async (options: CommonOptions) => {
      const { runScheduler } = await import("../wiring/run-scheduler.ts");
      await runScheduler(options);
    });
  withCommonOptions(program.command("dag-processor"))
    .description("read Dag files as they change")
    .action(async (options: CommonOptions) => {
      const { runDagProcessor } = await import("../wiring/run-dag-processor.ts");
      await runDagProcessor(options);
    });
}

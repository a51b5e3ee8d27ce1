// `memodag dev | scheduler | dag-processor`: the services, which run until they are stopped.

import type { Command } from "commander";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withStopSignal } from "../wiring/stop-signal.ts";
import { withCommonOptions } from "./common-options.ts";

/** Adds the commands of services. */
export function registerServices(program: Command): void {
  withCommonOptions(program.command("dev"))
    .description("everything in one: read Dag files as they change, schedule, execute, answer over HTTP")
    .option("--no-ui", "without the API server")
    .action(async (options: CommonOptions & { readonly ui: boolean }) => {
      const { runDev } = await import("@memodag/deployment/services");
      await withStopSignal((signal) => runDev({ ...options, version: program.version() ?? "", signal }));
    });
  withCommonOptions(program.command("scheduler"))
    .description("schedule and execute runs; any number of them may run")
    .action(async (options: CommonOptions) => {
      const { runScheduler } = await import("@memodag/deployment/services");
      await withStopSignal((signal) =>
        runScheduler({ ...options, version: program.version() ?? "", signal }),
      );
    });
  withCommonOptions(program.command("dag-processor"))
    .description("read Dag files as they change")
    .action(async (options: CommonOptions) => {
      const { runDagProcessor } = await import("@memodag/deployment/services");
      await withStopSignal((signal) =>
        runDagProcessor({ ...options, version: program.version() ?? "", signal }),
      );
    });
}

// `memodag dags graph`: a Dag's tasks as a picture, or as text for a program that draws one.

import { Option, type Command } from "commander";
import type { GraphFormat } from "@memodag/operations/dags";
import { printJson, printText } from "../output/print.ts";
import { withDags } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";

/** Those of the operation, which is loaded when the command runs. */
const FORMATS: readonly GraphFormat[] = ["mermaid", "dot", "svg"];

interface GraphOptions extends TeamOptions {
  readonly format: GraphFormat;
}

/** Adds `dags graph`. */
export function registerDagsGraph(dags: Command): void {
  withTeamOptions(dags.command("graph"))
    .description("a Dag's tasks as a graph, on stdout: cached tasks have thick borders, mapped ones []")
    .argument("<dag>", "the Dag's id")
    .addOption(new Option("--format <format>", "the format").choices(FORMATS).default("mermaid"))
    .addHelpText("after", "\nExample:\n  memodag dags graph etl --format svg > etl.svg")
    .action(graphDag);
}

async function graphDag(dagId: string, { team, format, ...options }: GraphOptions): Promise<void> {
  const { graphDag: graph } = await import("@memodag/operations/dags");
  const drawn = await withDags(options, (context) => graph(context, { dagId, team, format }));
  if (options.json) printJson(drawn);
  else printText(drawn.text);
}

// `[executor] options` of an engine on Kubernetes: words such as `namespace=memodag`, checked.

import { MemodagError, parseDuration } from "@memodag/core";
import * as z from "zod";

const SECOND_MS = 1_000;

/** A name within the limits of a label of DNS, with room for `-` and an attempt's id. */
const PREFIX = /^[a-z](?:[-a-z0-9]{0,24}[a-z0-9])?$/;

const nameOfObject = z
  .string()
  .regex(/^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/, "expected a name of Kubernetes, such as memodag-worker");

const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue({ code: "custom", message: 'expected a duration such as "5m"' });
    return z.NEVER;
  }
});

const optionsSchema = z.strictObject({
  /** Default: the one of the service account, or of the context. */
  namespace: nameOfObject.optional(),
  /** File with a pod template for each queue. */
  templates: z.string("expected the path of a file with pod templates"),
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  /** A Secret whose key `token` is the workers' token. */
  token_secret: nameOfObject.default("memodag-worker"),
  /** A pod that finds no node for so long is given up. */
  unschedulable_timeout: duration.default(5 * 60 * SECOND_MS),
  /** How long Jobs that are over stay. */
  keep: duration.default(5 * 60 * SECOND_MS),
});

/** The options, without defaults that only the cluster knows. */
export type KubernetesOptions = z.output<typeof optionsSchema>;

/** @throws MemodagError `config_invalid` */
export function parseOptions(text: string): KubernetesOptions {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const faults = words
    .filter((word) => !/^[a-z_]+=./.test(word))
    .map((word) => `"${word}": expected KEY=VALUE`);
  const pairs = words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
  const result = optionsSchema.safeParse(Object.fromEntries(pairs));
  if (faults.length === 0 && result.success) return result.data;
  for (const { path, message } of result.error?.issues ?? []) faults.push([...path, message].join(": "));
  throw optionsInvalid("[executor] options are not valid", faults);
}

/** @throws MemodagError `config_invalid` for one that names of Jobs cannot begin with */
export function checkPrefix(prefix: string): void {
  if (!PREFIX.test(prefix))
    throw optionsInvalid("[executor] prefix is not valid", [
      `"${prefix}": expected up to 26 lower-case letters, digits and "-", such as "memodag"`,
    ]);
}

/** The error for faults in what the config says. */
export function optionsInvalid(what: string, faults: readonly string[]): MemodagError {
  return new MemodagError("config_invalid", `${what}:\n${faults.join("\n")}`, { fields: { faults } });
}

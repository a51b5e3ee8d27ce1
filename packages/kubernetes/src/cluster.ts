// The API server of a cluster: how it is found, and calls that end after a time.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MemodagError, messageOf } from "@memodag/core";
import {
  ApiException,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
  type Configuration,
  type Middleware,
} from "@kubernetes/client-node";
import { optionsInvalid, type KubernetesOptions } from "./options.ts";

const CALL_MS = 30_000;
const POD_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** The API server, and the namespace that Jobs are in. */
export interface Cluster {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** The server, for messages. */
  readonly place: string;
  readonly jobs: BatchV1Api;
  readonly pods: CoreV1Api;
}

type ClusterOptions = Pick<KubernetesOptions, "kubeconfig" | "context" | "namespace">;

/** @throws MemodagError `config_invalid` where there is no cluster */
export function openCluster(options: ClusterOptions, projectDir: string): Cluster {
  const config = loadConfig(options, projectDir);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server))
    throw optionsInvalid("[executor] options name no cluster", [
      "use kubeconfig=PATH and context=NAME, or run in a pod with a service account",
    ]);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [limitTime],
  }) as Configuration;
  return {
    config,
    namespace: options.namespace ?? namespaceOf(config),
    place: new URL(server).host,
    jobs: new BatchV1Api(configuration),
    pods: new CoreV1Api(configuration),
  };
}

/** Status of a failed call; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}

/** The error for a failure of `use`. */
export function clusterFailure(error: unknown, { place, namespace }: Cluster, use: string): unknown {
  if (error instanceof MemodagError) return error;
  const status = statusOf(error);
  const what =
    status === undefined ? messageOf(error) : `${status}: ${sentenceOf(error as ApiException<unknown>)}`;
  const advice = ADVICE.get(status ?? 0) ?? "check that this machine can connect to it";
  return new MemodagError("engine_failed", `Kubernetes at ${place} failed to ${use} (${what}): ${advice}`, {
    fields: { place, namespace },
  });
}

const ADVICE: ReadonlyMap<number, string> = new Map([
  [400, "check the pod template of the queue"],
  [401, "the credentials are not valid: check the service account, or kubeconfig= in [executor] options"],
  [403, "allow the account what the README of @memodag/kubernetes says, or raise the quota of the namespace"],
  [404, "check namespace= in [executor] options"],
  [422, "check the pod template of the queue"],
]);

/** The message of a Status object. Some answers have none that the client reads. */
function sentenceOf({ body, message }: ApiException<unknown>): string {
  const short = /^Message: (.*)$/m.exec(message)?.[1] ?? "no reason was given";
  try {
    const status: unknown = typeof body === "string" ? JSON.parse(body) : body;
    return String((status as { readonly message?: unknown }).message ?? short);
  } catch {
    return short;
  }
}

const limitTime: Middleware = {
  pre: async (context) => {
    context.setSignal(AbortSignal.timeout(CALL_MS));
    return context;
  },
  post: async (context) => context,
};

function loadConfig({ kubeconfig, context }: ClusterOptions, projectDir: string): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig !== undefined) config.loadFromFile(resolve(projectDir, kubeconfig));
    else if (process.env["KUBERNETES_SERVICE_HOST"]) config.loadFromCluster();
    else config.loadFromDefault();
  } catch (error) {
    throw optionsInvalid("the kubeconfig cannot be read", [messageOf(error)]);
  }
  if (context !== undefined) {
    if (!config.getContextObject(context))
      throw optionsInvalid("[executor] options are not valid", [
        `context=${context}: the kubeconfig has ${config.contexts.map(({ name }) => name).join(", ")}`,
      ]);
    config.setCurrentContext(context);
  }
  return config;
}

function namespaceOf(config: KubeConfig): string {
  const ofContext = config.getContextObject(config.getCurrentContext())?.namespace;
  if (ofContext !== undefined) return ofContext;
  try {
    return readFileSync(POD_NAMESPACE_FILE, "utf8").trim();
  } catch {
    return "default";
  }
}

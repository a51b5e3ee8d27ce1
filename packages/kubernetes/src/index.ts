// Attempts of memodag on Kubernetes: `[core] executor = "kubernetes"` opens this package on schedulers. Workers do not
// pull: each attempt has a pod of its own.

import type { DispatchEngine, EngineOptions } from "@memodag/remote-executor";
import { openCluster } from "./cluster.ts";
import { KubernetesEngine } from "./kubernetes-engine.ts";
import { checkPrefix, parseOptions } from "./options.ts";
import { PodTemplates } from "./pod-templates.ts";

/** @throws MemodagError `config_invalid` for options, templates or a kubeconfig that are not valid */
export async function openDispatchEngine(engine: EngineOptions): Promise<DispatchEngine> {
  const options = parseOptions(engine.options);
  checkPrefix(engine.prefix);
  const settings = {
    prefix: engine.prefix,
    templates: await PodTemplates.read(engine.projectDir, options.templates),
    tokenSecret: options.token_secret,
    keepMs: options.keep,
    unschedulableMs: options.unschedulable_timeout,
  };
  return new KubernetesEngine(openCluster(options, engine.projectDir), settings, engine);
}

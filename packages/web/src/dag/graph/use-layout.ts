// The layout of a graph, from the worker. It is kept: a version of a Dag has one.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { GraphToLayOut, LaidOutGraph } from "./graph.ts";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/** The server's policy has workers started through this alone: from its own addresses. */
(globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("default", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin === location.origin) return url;
    throw new TypeError(`no worker is started from ${url}`);
  },
});

/** Returns the layout. @param version digest of what the graph is of */
export function useLayout(version: string, graph: GraphToLayOut): LaidOutGraph {
  return useSuspenseQuery({
    queryKey: ["layout", version],
    queryFn: () => layOutBeside(graph),
    staleTime: Infinity,
    gcTime: Infinity,
  }).data;
}

async function layOutBeside(graph: GraphToLayOut): Promise<LaidOutGraph> {
  const worker = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<LaidOutGraph>((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data as LaidOutGraph), { once: true });
      worker.addEventListener("error", () => reject(new Error("the graph cannot be laid out")), {
        once: true,
      });
      worker.postMessage(graph);
    });
  } finally {
    worker.terminate();
  }
}

// The manifest in `examples/deploy`: what it lets the scheduler do is what the engine does, and its templates make pods.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadAllYaml, type V1Container, type V1Job } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ClusterRoom } from "./cluster-room.ts";

const MANIFEST = fileURLToPath(new URL("../../../examples/deploy/kubernetes.yaml", import.meta.url));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly { readonly resources: string[]; readonly verbs: string[] }[];
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: V1Container[] } } };
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", DELETE: "delete" };

let room: ClusterRoom;
beforeEach(async () => {
  room = await ClusterRoom.open();
});
afterEach(() => room.close());

function objectOf(kind: string, name: string): Manifest {
  const found = manifests().find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`the manifest has no ${kind} ${name}`);
  return found;
}

function manifests(): Manifest[] {
  return loadAllYaml(readFileSync(MANIFEST, "utf8")) as Manifest[];
}

/** The verb and the resource of a request. */
function accessOf(line: string): string {
  const [method = "", url = ""] = line.split(" ");
  const { pathname, searchParams } = new URL(url, "http://server");
  const [resource = "", name] = pathname.replace(/^.*\/namespaces\/[^/]+\//, "").split("/");
  if (searchParams.get("watch") === "true") return `watch ${resource}`;
  return `${VERBS[method] ?? (name === undefined ? "list" : "get")} ${resource}`;
}

test("every object has a kind, a name and the namespace", () => {
  for (const { apiVersion, kind, metadata } of manifests()) {
    expect([apiVersion, kind, metadata.name]).toEqual(Array.from({ length: 3 }, () => expect.any(String)));
    expect(metadata.namespace).toBe(kind === "Namespace" ? undefined : "memodag");
  }
});

test("its options and templates run attempts, with the rights of its Role and no others", async () => {
  await room.write("pods.yaml", objectOf("ConfigMap", "memodag-pods").data?.["pods.yaml"] ?? "");
  const { containers } = objectOf("Deployment", "memodag-scheduler").spec?.template?.spec ?? {
    containers: [],
  };
  const options = containers[0]?.env?.find(({ name }) => name === "MEMODAG__EXECUTOR__OPTIONS")?.value ?? "";
  const here = options.replace("/etc/memodag/pods.yaml", "pods.yaml");
  const engine = await room.openEngine({ options: `${here} kubeconfig=kubeconfig` });
  engine.onTrouble?.(() => undefined);
  const attempt = { attemptId: "one", queue: "any", priority: 1, team: "ml", dagId: "d", taskId: "t" };
  await engine.publish([attempt]);
  await engine.publish([attempt]);
  await engine.listKnown([attempt]);
  const job = room.server.jobs.get("memodag-one") as V1Job;
  expect(job.spec?.template.spec?.containers[0]?.args).toEqual(["worker", "--attempt", "one"]);
  expect(engine.capacity?.("any")).toBe(50);
  await engine.withdraw([attempt]);
  await expect.poll(() => room.server.watches).toBe(1);
  const used = new Set(room.server.requests.map(accessOf));
  const { rules = [] } = objectOf("Role", "memodag-scheduler");
  const allowed = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  expect([...used].toSorted()).toEqual(allowed.toSorted());
});

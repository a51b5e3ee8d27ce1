// The files in `examples/deploy`: their YAML, what they refer to, the config that they set, the commands that they run.

import { readFileSync } from "node:fs";
import { createProgram } from "@memodag/cli";
import { loadConfig } from "@memodag/config";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { findCommandFault } from "./shell-commands.ts";

const FOLDER = new URL("../../examples/deploy/", import.meta.url);

/** A process of memodag in one of the files. */
interface Process {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Service {
  readonly build?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts?: readonly { readonly name: string }[];
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
}

const text = (name: string): string => readFileSync(new URL(name, FOLDER), "utf8");

function parse<T>(source: string): T[] {
  return parseAllDocuments(source).map((document) => {
    if ("errors" in document && document.errors[0]) throw document.errors[0];
    return (document as { toJS(): T }).toJS();
  });
}

const [compose] = parse<Compose>(text("compose.yaml")) as [Compose];
const manifests = parse<Manifest>(text("kubernetes.yaml"));

/** Pods of the manifest, and those that its templates make. */
const podSpecs: PodSpec[] = manifests.flatMap(({ spec, data = {} }) => [
  ...(spec?.template ? [spec.template.spec] : []),
  ...Object.values(data).flatMap((file) =>
    parse<{ readonly queues: Readonly<Record<string, { readonly template: { readonly spec: PodSpec } }>> }>(
      file,
    ).flatMap(({ queues }) => Object.values(queues).map(({ template }) => template.spec)),
  ),
]);

const processes: Process[] = [
  ...Object.entries(compose.services).flatMap(([name, { command = [], environment = {} }]) =>
    command[0] === "memodag" ? [{ name: `compose ${name}`, command, env: environment }] : [],
  ),
  ...podSpecs.flatMap(({ containers }) =>
    containers.map(({ name, command = ["memodag", "worker"], env = [] }) => ({
      name: `kubernetes ${name}`,
      command,
      env: Object.fromEntries(env.map((variable) => [variable.name, variable.value])),
    })),
  ),
];

test("the files run all processes", () => {
  const kinds = processes.map(({ name, command }) => `${name.split(" ")[0] ?? ""} ${command[1] ?? ""}`);
  expect(kinds.toSorted()).toEqual(
    ["compose", "kubernetes"].flatMap((file) =>
      ["dag-processor", "scheduler", "worker"].map((kind) => `${file} ${kind}`),
    ),
  );
});

describe.each(processes)("$name", ({ command, env }) => {
  test("is a command that there is", () => {
    expect(findCommandFault(createProgram(), command.slice(1).join(" "))).toBeUndefined();
  });

  test("has a config that is valid", () => {
    // Files of secrets are not here.
    const here = Object.fromEntries(
      Object.entries(env).flatMap(([key, value]) => (key.endsWith("_FILE") ? [] : [[key, value]])),
    );
    expect(() => loadConfig({ cwd: "/", env: here })).not.toThrow();
    for (const key of Object.keys(env).filter((name) => name.endsWith("_FILE")))
      expect(() => loadConfig({ cwd: "/", env: { [key]: "/nowhere" } })).toThrow(/\/nowhere/);
  });

  test("has no URL of the database if it runs tasks", () => {
    expect(Object.keys(env).some((key) => key.startsWith("MEMODAG__DATABASE"))).toBe(command[1] !== "worker");
  });
});

describe("what compose.yaml refers to is in it", () => {
  test.each(Object.entries(compose.services))(
    "by %s",
    (_name, { build, image, secrets = [], volumes = [], depends_on }) => {
      expect([build, image].filter((source) => source !== undefined)).toHaveLength(1);
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...secrets]));
      expect(Object.keys(compose.volumes)).toEqual(
        expect.arrayContaining(volumes.map((volume) => volume.split(":")[0])),
      );
      const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on ?? {});
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(needed));
    },
  );

  test("by its secrets of processes", () => {
    const paths = Object.values(compose.services).flatMap(({ environment = {}, secrets = [] }) =>
      Object.values(environment).flatMap((value) =>
        value.startsWith("/run/secrets/") ? [secrets.includes(value.slice("/run/secrets/".length))] : [],
      ),
    );
    expect(paths).toEqual([true, true, true, true]);
  });
});

test("what pods of kubernetes.yaml mount is in it", () => {
  const names = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  for (const { containers, volumes = [] } of podSpecs) {
    const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
    expect(volumes.map((volume) => volume["name"]).toSorted()).toEqual(mounted.toSorted());
    const sources = volumes.flatMap(({ configMap, secret }) => [
      ...(configMap ? [`ConfigMap ${(configMap as { name: string }).name}`] : []),
      ...(secret ? [`Secret ${(secret as { secretName: string }).secretName}`] : []),
    ]);
    expect([...names]).toEqual(expect.arrayContaining(sources));
  }
});

// What a config and its files may say of Kubernetes.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkPrefix, parseOptions } from "../src/options.ts";
import { PodTemplates } from "../src/pod-templates.ts";

describe("the options of Kubernetes", () => {
  test("are words, on one line or several", () => {
    expect(parseOptions("templates=pods.yaml\nnamespace=memodag  keep=1h\n")).toEqual({
      templates: "pods.yaml",
      namespace: "memodag",
      token_secret: "memodag-worker",
      unschedulable_timeout: 300_000,
      keep: 3_600_000,
    });
  });

  test.each([
    ["", /templates: expected the path of a file/],
    ["templates=a keep=soon", /keep: expected a duration/],
    ["templates=a namespace=My_Space", /namespace: expected a name of Kubernetes/],
    ["templates=a image=b", /Unrecognized key: "image"/],
    ["templates", /"templates": expected KEY=VALUE/],
  ])("%o are refused by name", (text, message) => {
    expect(() => parseOptions(text)).toThrow(message);
  });

  test("have a prefix that names can begin with", () => {
    expect(() => checkPrefix("memodag-prod")).not.toThrow();
    for (const prefix of ["", "Memodag", "a/b", "-a", "a".repeat(27)])
      expect(() => checkPrefix(prefix)).toThrow(/\[executor\] prefix is not valid/);
  });
});

describe("pod templates", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "memodag-templates-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(text: string): Promise<PodTemplates> {
    await writeFile(join(folder, "pods.yaml"), text);
    return await PodTemplates.read(folder, "pods.yaml");
  }

  const template = (fields: string): string =>
    `{ spec: { containers: [{ name: worker, image: train }]${fields} } }`;

  test("are those of a queue, or of all others", async () => {
    const templates = await read(
      `queues: { gpu: { capacity: 4, template: ${template("")} }, "*": { template: ${template("")} } }`,
    );
    expect([templates.find("gpu")?.capacity, templates.find("cpu")?.capacity]).toEqual([4, 100]);
    const one = await read(`queues: { gpu: { template: ${template("")} } }`);
    expect(one.find("cpu")).toBeUndefined();
  });

  test.each([
    ["queues: {}", /at least one queue/],
    ["[", /pods\.yaml are not valid/],
    ["queues: { gpu: { template: { spec: { containers: [] } } } }", /queues\.gpu.*name "worker"/],
    [
      "queues: { gpu: { template: { spec: { containers: [{ name: worker }] } } } }",
      /image: expected the name/,
    ],
    [
      `queues: { gpu: { template: ${template(", restartPolicy: Always")} } }`,
      /restartPolicy: expected "Never"/,
    ],
    [`queues: { gpu: { capacity: 0, template: ${template("")} } }`, /capacity: expected a whole number/],
    [`queues: { gpu: { places: 1, template: ${template("")} } }`, /places/],
  ])("%o are refused by name", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test("that are not there are named", async () => {
    await expect(PodTemplates.read(folder, "none.yaml")).rejects.toThrow(/none\.yaml/);
  });
});

// The file that says which pods run the attempts of each queue.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "@memodag/core";
import { loadYaml, type V1PodTemplateSpec } from "@kubernetes/client-node";
import * as z from "zod";
import { CONTAINER } from "./attempt-job.ts";
import { optionsInvalid } from "./options.ts";

/** A queue without a template of its own has this one's. */
const ALL_OTHERS = "*";

const container = z.looseObject({ name: z.string(), image: z.string("expected the name of an image") });

const queueSchema = z.strictObject({
  /** Attempts that may be under way at once. */
  capacity: z.int().min(1, "expected a whole number of at least 1").default(100),
  /** A PodTemplateSpec: what Kubernetes makes of it is not checked here. */
  template: z.looseObject({
    spec: z.looseObject({
      containers: z
        .array(container)
        .refine(
          (containers) => containers.some(({ name }) => name === CONTAINER),
          `expected a container with the name "${CONTAINER}"`,
        ),
      restartPolicy: z
        .literal("Never", 'expected "Never": attempts are tried again by schedulers')
        .optional(),
    }),
  }),
});

const fileSchema = z.strictObject({
  queues: z
    .record(z.string(), queueSchema)
    .refine(
      (queues) => Object.keys(queues).length > 0,
      `expected at least one queue, such as "${ALL_OTHERS}"`,
    ),
});

/** How attempts of a queue run. */
export interface QueuePods {
  readonly capacity: number;
  readonly template: V1PodTemplateSpec;
}

/** The queues of a file. */
export class PodTemplates {
  readonly #queues: ReadonlyMap<string, QueuePods>;

  constructor(queues: ReadonlyMap<string, QueuePods>) {
    this.#queues = queues;
  }

  /** @throws MemodagError `config_invalid` */
  static async read(projectDir: string, path: string): Promise<PodTemplates> {
    const what = `the pod templates ${path} are not valid`;
    let read: unknown;
    try {
      read = loadYaml(await readFile(resolve(projectDir, path), "utf8"));
    } catch (error) {
      throw optionsInvalid(what, [messageOf(error)]);
    }
    const result = fileSchema.safeParse(read);
    if (!result.success)
      throw optionsInvalid(
        what,
        result.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`),
      );
    const queues = Object.entries(result.data.queues).map(
      ([name, { capacity, template }]): [string, QueuePods] => [
        name,
        { capacity, template: template as V1PodTemplateSpec },
      ],
    );
    return new PodTemplates(new Map(queues));
  }

  find(queue: string): QueuePods | undefined {
    return this.#queues.get(queue) ?? this.#queues.get(ALL_OTHERS);
  }
}

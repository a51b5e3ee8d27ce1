// Each thing that must not happen is found in evidence of it, and nothing in evidence of what may.

import { expect, test } from "vitest";
import { judge, type Evidence } from "./judge.ts";
import type { JournalRow } from "./journal.ts";
import type { WitnessLine } from "./witness.ts";

let seq = 0;

const row = (fields: Partial<JournalRow>): JournalRow => ({
  seq: (seq += 1),
  at: seq * 1_000,
  what: "attempt",
  attemptId: "a1",
  was: null,
  became: "waiting",
  wasWorker: null,
  worker: null,
  endedBy: null,
  runId: "r",
  taskId: "t",
  mapIndex: -1,
  tryNumber: 0,
  ...fields,
});

const line = (fields: Partial<WitnessLine>): WitnessLine => ({
  what: "begun",
  attemptId: null,
  runId: "r",
  taskId: "t",
  mapIndex: -1,
  tryNumber: 1,
  host: "w0",
  at: 4_500,
  saw: undefined,
  ...fields,
});

const host = (worker: string, taskId: string): JournalRow =>
  row({ what: "host", attemptId: null, worker, taskId });

/** An attempt on w0 whose result was accepted. */
function good(): { journal: JournalRow[]; witness: WitnessLine[]; pauses: Evidence["pauses"] } {
  seq = 0;
  const instance = { what: "instance", tryNumber: 1 } as const;
  const started = { worker: "id0", became: "started" } as const;
  const journal = [
    host("id0", "w0"),
    host("id1", "w1"),
    row({ ...instance, became: "queued" }),
    row({}),
    row({ was: "waiting", ...started }),
    row({ was: "started", wasWorker: "id0", worker: "id0", became: "ended", endedBy: "worker" }),
    row({ ...instance, was: "running", became: "success" }),
    row({ was: "ended", wasWorker: "id0", worker: "id0", became: "gone", endedBy: "worker" }),
  ];
  return { journal, witness: [line({}), line({ what: "ended", at: 4_900 })], pauses: [] };
}

test("a result that was accepted once is neither doubled nor late", () => {
  expect(judge(good())).toEqual([]);
});

type Fault = readonly [name: string, spoil: (evidence: ReturnType<typeof good>) => void, found: RegExp];

const FAULTS: readonly Fault[] = [
  [
    "an attempt that two hosts are given",
    ({ journal }) =>
      journal.push(row({ was: "started", wasWorker: "id0", worker: "id1", became: "started" })),
    /^doubled: attempt a1 was taken from id0 and given to id1$/,
  ],
  [
    "an attempt that is started after its end",
    ({ journal }) => journal.push(row({ was: "ended", wasWorker: "id0", worker: "id0", became: "started" })),
    /^doubled: attempt a1 was started after its end$/,
  ],
  [
    "a body that begins twice",
    ({ witness }) => witness.push(line({ at: 4_600 })),
    /^doubled: attempt a1 began 2 times, on w0, w0$/,
  ],
  [
    "a body on a host that the attempt was not given to",
    ({ witness }) => witness.splice(0, 1, line({ host: "w1" })),
    /^doubled: attempt a1 began on w1, which it was not given to$/,
  ],
  [
    "two successes of one instance",
    ({ journal }) => journal.push(row({ what: "instance", tryNumber: 1, was: "running", became: "success" })),
    /^doubled: r\/t recorded the success of a1 and a1$/,
  ],
  [
    "a body that begins after the success",
    ({ journal, witness }) => {
      journal.push(row({ attemptId: "a0", was: "waiting", became: "started", worker: "id0" }));
      witness.push(line({ attemptId: "a0", tryNumber: 0, at: 99_000 }));
    },
    /^doubled: try 0 of r\/t began on w0 92000 ms after the success of a1 was recorded$/,
  ],
  [
    "an end that is recorded over another one",
    ({ journal }) =>
      journal.push(
        row({ was: "ended", wasWorker: "id0", worker: "id0", became: "ended", endedBy: "worker" }),
      ),
    /^late: the end of attempt a1 was recorded over another one, by worker$/,
  ],
  [
    "a success whose end no worker brought",
    ({ journal }) => journal.splice(5, 1, { ...journal[5]!, endedBy: "scheduler" }),
    /^late: r\/t recorded the success of a1, whose end no worker brought$/,
  ],
  [
    "a success whose body did not end",
    ({ witness }) => witness.pop(),
    /^late: r\/t recorded the success of a1, whose body did not end$/,
  ],
  [
    "a task that saw the value of another attempt",
    ({ journal, witness }) => {
      const stamp = { what: "instance", taskId: "stamp", mapIndex: 0, tryNumber: 1 } as const;
      journal.push(row({ ...stamp, attemptId: "s2", was: "scheduled", became: "success" }));
      witness.splice(0, 1, line({ saw: ["s1"] }));
    },
    /^late: r\/t saw attempt s1 of r\/stamp\[0\], not s2$/,
  ],
];

test.each(FAULTS)("%s is found", (_, spoil, found) => {
  const evidence = good();
  spoil(evidence);
  expect(judge(evidence)).toEqual([expect.stringMatching(found)]);
});

test("a host that was paused between start and body cannot know better", () => {
  const evidence = good();
  evidence.journal.push(row({ attemptId: "a0", was: "waiting", became: "started", worker: "id0" }));
  evidence.witness.push(line({ attemptId: "a0", tryNumber: 0, at: 99_000 }));
  expect(judge({ ...evidence, pauses: [{ host: "w0", from: 9_500, to: 98_990 }] })).toEqual([]);
  expect(judge({ ...evidence, pauses: [{ host: "w1", from: 9_500, to: 98_990 }] })).toHaveLength(1);
});

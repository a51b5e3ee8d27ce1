import { systemClock, type Clock } from "@memodag/core";
import { describe, test } from "vitest";
import {
  FilesystemByteStore,
  FilesystemLeaseStore,
  FilesystemRecordStore,
  FilesystemResultStore,
} from "../../src/index.ts";
import {
  describeByteStore,
  describeLeaseStore,
  describeRecordStore,
  describeResultStore,
  describeRetention,
} from "../../src/testing/index.ts";
import { ManualClock } from "@memodag/core/testing";
import { makeScratchFolder } from "../filesystem/scratch-folder.ts";

const runner = { describe, test };

describeRecordStore(
  "filesystem",
  {
    async open() {
      const clock = new ManualClock();
      const folder = await makeScratchFolder();
      return {
        store: new FilesystemRecordStore(folder.path, clock),
        passTime: async (ms) => clock.advance(ms),
        close: () => folder.remove(),
      };
    },
  },
  runner,
);

describeResultStore(
  "filesystem",
  {
    async open() {
      const folder = await makeScratchFolder();
      return {
        store: new FilesystemResultStore(folder.path, new ManualClock()),
        close: () => folder.remove(),
      };
    },
  },
  runner,
);

describeByteStore(
  "filesystem",
  {
    async open() {
      const folder = await makeScratchFolder();
      return { store: new FilesystemByteStore(folder.path, systemClock), close: () => folder.remove() };
    },
  },
  runner,
);

describeLeaseStore(
  "filesystem",
  {
    async open() {
      const clock = new ManualClock();
      const folder = await makeScratchFolder();
      return {
        store: new FilesystemLeaseStore(folder.path, clock),
        passTime: async (ms) => clock.advance(ms),
        close: () => folder.remove(),
      };
    },
  },
  runner,
);

describeRetention(
  "filesystem",
  {
    async open() {
      // Files have the host's times, so its clock is moved on from where it is.
      let passedMs = 0;
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + passedMs };
      const folder = await makeScratchFolder();
      return {
        records: new FilesystemRecordStore(folder.path, clock),
        results: new FilesystemResultStore(folder.path, clock),
        passTime: async (ms) => {
          passedMs += ms;
        },
        close: () => folder.remove(),
      };
    },
  },
  runner,
);

import { describe, test } from "vitest";
import {
  ByteResultStore,
  MemoryByteStore,
  MemoryLeaseStore,
  MemoryRecordStore,
  MemoryResultStore,
} from "../../src/index.ts";
import {
  describeByteStore,
  describeLeaseStore,
  describeRecordStore,
  describeResultStore,
  describeRetention,
} from "../../src/testing/index.ts";
import { ManualClock } from "@memodag/core/testing";

const runner = { describe, test };

describeRecordStore(
  "memory",
  {
    async open() {
      const clock = new ManualClock();
      return {
        store: new MemoryRecordStore(clock),
        passTime: async (ms) => clock.advance(ms),
        close: async () => {},
      };
    },
  },
  runner,
);

describeResultStore(
  "memory",
  { open: async () => ({ store: new MemoryResultStore(), close: async () => {} }) },
  runner,
);

describeByteStore(
  "memory",
  { open: async () => ({ store: new MemoryByteStore(), holdsInMemory: true, close: async () => {} }) },
  runner,
);

describeResultStore(
  "memory, as bytes",
  { open: async () => ({ store: new ByteResultStore(new MemoryByteStore()), close: async () => {} }) },
  runner,
);

describeRetention(
  "memory, as bytes",
  {
    async open() {
      const clock = new ManualClock();
      return {
        records: new MemoryRecordStore(clock),
        results: new ByteResultStore(new MemoryByteStore(clock)),
        passTime: async (ms) => clock.advance(ms),
        close: async () => {},
      };
    },
  },
  runner,
);

describeLeaseStore(
  "memory",
  {
    async open() {
      const clock = new ManualClock();
      return {
        store: new MemoryLeaseStore(clock),
        passTime: async (ms) => clock.advance(ms),
        close: async () => {},
      };
    },
  },
  runner,
);

describeRetention(
  "memory",
  {
    async open() {
      const clock = new ManualClock();
      return {
        records: new MemoryRecordStore(clock),
        results: new MemoryResultStore(clock),
        passTime: async (ms) => clock.advance(ms),
        close: async () => {},
      };
    },
  },
  runner,
);

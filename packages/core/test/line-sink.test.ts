import { expect, it } from "vitest";
import { LineSink } from "../src/line-sink.ts";

/** A file on a disk with room for so many bytes. */
class Disk {
  text = "";
  room = Number.POSITIVE_INFINITY;

  write(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    if (taken === 0) throw Object.assign(new Error("no space left on device, write"), { code: "ENOSPC" });
    this.room -= taken;
    this.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  }
}

function sinkOn(disk: Disk): LineSink {
  return new LineSink({
    write: (bytes) => disk.write(bytes),
    lossLine: (lost, reason) => `lost ${lost}: ${reason}\n`,
  });
}

it("says how many lines were lost as soon as there is room", () => {
  const disk = new Disk();
  const sink = sinkOn(disk);
  sink.write("one\n");
  disk.room = 0;
  sink.write("two\n");
  sink.write("three\nfour\n");
  expect([sink.lostLines, sink.reason]).toEqual([3, "ENOSPC"]);
  disk.room = 100;
  sink.write("five\n");
  sink.write("six\n");
  expect(disk.text).toBe("one\nlost 3: ENOSPC\nfive\nsix\n");
  expect(sink.lostLines).toBe(0);
});

it("begins anew after half a line, whichever line that was", () => {
  const disk = new Disk();
  const sink = sinkOn(disk);
  disk.room = 3;
  sink.write("first\n");
  disk.room = 4;
  // The line that tells of the loss is cut as well.
  sink.write("second\n");
  disk.room = 100;
  sink.write("third\n");
  expect(disk.text).toBe("fir\nlos\nlost 2: ENOSPC\nthird\n");
});

// Tells of attempts whose pods cannot begin: each once, and only of what does not go away by itself.

import type { CancelTimer, Clock } from "@memodag/core";
import type { V1Pod } from "@kubernetes/client-node";
import { troubleOf } from "./pod-trouble.ts";
import type { PodListener } from "./pod-watch.ts";

/** Hears of an attempt by its id. */
type TellTrouble = (attemptId: string, reason: string) => void;

interface PodNotes {
  stopTimer?: CancelTimer;
  reason: string;
  isTold: boolean;
}

/** Keeps what was seen of the pods that there are. */
export class TroubleDesk implements PodListener {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #tell: TellTrouble;
  readonly #pods = new Map<string, PodNotes>();

  /** @param patienceMs for which a pod may find no node */
  constructor(clock: Clock, patienceMs: number, tell: TellTrouble) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#tell = tell;
  }

  onPod(pod: V1Pod): void {
    const { name = "", annotations } = pod.metadata ?? {};
    const attemptId = annotations?.["memodag/attempt"];
    if (attemptId === undefined) return;
    const notes = this.#pods.get(name) ?? { reason: "", isTold: false };
    this.#pods.set(name, notes);
    if (notes.isTold) return;
    const trouble = troubleOf(pod);
    if (trouble.kind === "none") {
      notes.stopTimer?.();
      delete notes.stopTimer;
      return;
    }
    notes.reason = trouble.reason;
    if (trouble.kind === "now") this.#tellOnce(attemptId, notes);
    else notes.stopTimer ??= this.#clock.after(this.#patienceMs, () => this.#tellOnce(attemptId, notes));
  }

  onGone(name: string): void {
    this.#pods.get(name)?.stopTimer?.();
    this.#pods.delete(name);
  }

  close(): void {
    for (const name of this.#pods.keys()) this.onGone(name);
  }

  #tellOnce(attemptId: string, notes: PodNotes): void {
    notes.stopTimer?.();
    notes.isTold = true;
    this.#tell(attemptId, notes.reason);
  }
}

// Clears task instances: says first which ones.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { read } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { formatCount } from "../format/format.ts";
import { instanceName } from "../marks/sentence.ts";
import { ActDialog } from "./act-dialog.tsx";
import styles from "./acts.module.css";

/** Instances that are named. */
const MOST_NAMED = 20;

/** The dialog. @param instance what to clear; absent: what failed */
export function ClearDialog({
  name,
  instance,
  onClose,
}: {
  readonly name: { readonly team: string; readonly dagId: string; readonly runId: string };
  readonly instance?: { readonly taskId: string; readonly mapIndex: number };
  readonly onClose: () => void;
}): ReactNode {
  const [downstream, setDownstream] = useState(true);
  const [useCache, setUseCache] = useState(instance === undefined);
  const input = { ...name, ...instance, downstream, useCache };
  const plan = useQuery(read("tasks.plan-clear", input));
  const clear = useAct("tasks.clear");
  const cleared = plan.data?.cleared ?? [];
  return (
    <ActDialog
      title={instance ? `Run ${instanceName(instance)} anew` : "Clear what failed"}
      act={`Clear ${formatCount(cleared.length)} ${cleared.length === 1 ? "instance" : "instances"}`}
      isDisabled={cleared.length === 0}
      isPending={clear.isPending || plan.isPending}
      error={clear.error ?? plan.error}
      onAct={() => clear.mutate(input, { onSuccess: onClose })}
      onClose={onClose}
    >
      <label className={styles.check}>
        <input type="checkbox" checked={downstream} onChange={() => setDownstream(!downstream)} />
        and all that comes after it
      </label>
      <label className={styles.check}>
        <input type="checkbox" checked={useCache} onChange={() => setUseCache(!useCache)} />
        take results from the cache where it has them
      </label>
      <p>
        {cleared.length === 0
          ? plan.isPending
            ? "Looking…"
            : "There is nothing to clear."
          : `The run is queued again with ${cleared
              .slice(0, MOST_NAMED)
              .map((one) => instanceName(one))
              .join(
                ", ",
              )}${cleared.length > MOST_NAMED ? ` and ${formatCount(cleared.length - MOST_NAMED)} more` : ""}.`}
      </p>
    </ActDialog>
  );
}

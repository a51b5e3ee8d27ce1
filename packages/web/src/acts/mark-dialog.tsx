// Gives a task instance a state that a user chose.

import { MARKED_STATES, type MarkedState } from "@memodag/core/states";
import { useState, type ReactNode } from "react";
import { Select } from "../controls/select.tsx";
import { useAct } from "../data/use-act.ts";
import { instanceName } from "../marks/sentence.ts";
import { ActDialog } from "./act-dialog.tsx";
import styles from "./acts.module.css";

/** The dialog. @param instance whose state is set; a mapIndex of -1: the task is not mapped */
export function MarkDialog({
  name,
  instance,
  onClose,
}: {
  readonly name: { readonly team: string; readonly dagId: string; readonly runId: string };
  readonly instance: { readonly taskId: string; readonly mapIndex: number; readonly state: string };
  readonly onClose: () => void;
}): ReactNode {
  const { taskId, mapIndex, state: before } = instance;
  const states = MARKED_STATES.filter((one) => one !== before);
  const [state, setState] = useState<MarkedState>(states[0] ?? "success");
  const [downstream, setDownstream] = useState(false);
  const mark = useAct("tasks.set-state");
  const input = { ...name, taskId, ...(mapIndex >= 0 && { mapIndex }), state, downstream };
  return (
    <ActDialog
      title={`Set the state of ${instanceName(instance)}`}
      act={`Set to ${state}`}
      look={state === "failed" ? "danger" : "primary"}
      isPending={mark.isPending}
      error={mark.error}
      onAct={() => mark.mutate(input, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Select
        label="New state"
        value={state}
        options={states.map((id) => ({ id, text: id }))}
        onChange={(id) => setState(states.find((one) => one === id) ?? state)}
      />
      <label className={styles.check}>
        <input type="checkbox" checked={downstream} onChange={() => setDownstream(!downstream)} />
        and of all that comes after it
      </label>
      <p>
        It is {before} now, and is not run: tasks below see null for its value. The run is queued again, and
        what failed below is decided anew.
      </p>
    </ActDialog>
  );
}

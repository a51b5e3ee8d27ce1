// What can be done to a task instance, and the way to those beside it.

import { useQuery } from "@tanstack/react-query";
import { useCallback, useState, type ReactNode } from "react";
import { ClearDialog } from "../acts/clear-dialog.tsx";
import { ForgetDialog } from "../acts/forget-dialog.tsx";
import { MarkDialog } from "../acts/mark-dialog.tsx";
import { Button } from "../controls/button.tsx";
import { useMay } from "../data/use-session.ts";
import { groupByTask } from "../instances/instance-table.ts";
import { instancesQuery } from "../instances/use-instances.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import styles from "./instance.module.css";
import type { InstanceParams, ShownInstance } from "./instance-tab.ts";

/** The buttons. */
export function InstanceActs({
  name,
  instance,
  onInstance,
}: {
  readonly name: InstanceParams;
  readonly instance: ShownInstance;
  readonly onInstance: (mapIndex: number) => void;
}): ReactNode {
  const { team, dagId, runId, taskId, mapIndex } = name;
  const may = useMay("operator", team);
  const [act, setAct] = useState<"clear" | "mark" | "forget">();
  const close = (): void => setAct(undefined);
  return (
    <div className={styles.acts}>
      {mapIndex >= 0 && <Neighbours name={name} onInstance={onInstance} />}
      {may && instance.state !== "none" && <Button onPress={() => setAct("clear")}>Run it anew</Button>}
      {may && instance.state !== "none" && <Button onPress={() => setAct("mark")}>Set its state</Button>}
      {may && instance.cacheKey !== null && <Button onPress={() => setAct("forget")}>Forget it</Button>}
      {act === "clear" && (
        <ClearDialog name={{ team, dagId, runId }} instance={{ taskId, mapIndex }} onClose={close} />
      )}
      {act === "mark" && (
        <MarkDialog
          name={{ team, dagId, runId }}
          instance={{ taskId, mapIndex, state: instance.state }}
          onClose={close}
        />
      )}
      {act === "forget" && instance.cacheKey !== null && (
        <ForgetDialog team={team} cacheKey={instance.cacheKey} onClose={close} />
      )}
    </div>
  );
}

function Neighbours({
  name: { team, dagId, runId, taskId, mapIndex },
  onInstance,
}: {
  readonly name: InstanceParams;
  readonly onInstance: (mapIndex: number) => void;
}): ReactNode {
  const { data: table } = useQuery(instancesQuery({ team, dagId, runId }));
  const last = (table && groupByTask(table, []).get(taskId)?.at(-1)?.mapIndex) ?? mapIndex;
  const go = useCallback(
    (to: number) => {
      if (to >= 0 && to <= last) onInstance(to);
    },
    [last, onInstance],
  );
  useShortcut(
    "instance.previous",
    useCallback(() => go(mapIndex - 1), [go, mapIndex]),
  );
  useShortcut(
    "instance.next",
    useCallback(() => go(mapIndex + 1), [go, mapIndex]),
  );
  return (
    <>
      <Button look="quiet" isDisabled={mapIndex === 0} onPress={() => go(mapIndex - 1)}>
        Previous
      </Button>
      <Button look="quiet" isDisabled={mapIndex >= last} onPress={() => go(mapIndex + 1)}>
        Next
      </Button>
    </>
  );
}

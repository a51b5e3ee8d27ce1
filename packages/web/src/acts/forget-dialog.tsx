// Removes the entry of one key from the cache: says first what would go.

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { read } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { formatBytes, formatCount, formatDuration } from "../format/format.ts";
import { ActDialog } from "./act-dialog.tsx";

/** The dialog. */
export function ForgetDialog({
  team,
  cacheKey,
  onClose,
}: {
  readonly team: string;
  readonly cacheKey: string;
  readonly onClose: () => void;
}): ReactNode {
  const input = { team, key: cacheKey };
  const plan = useQuery(read("cache.plan-purge", input));
  const purge = useAct("cache.purge");
  const { wouldDelete = 0, sizeBytes = 0, entries = [] } = plan.data ?? {};
  const [entry] = entries;
  return (
    <ActDialog
      title="Forget the result"
      act="Forget it"
      look="danger"
      isDisabled={wouldDelete === 0}
      isPending={purge.isPending || plan.isPending}
      error={purge.error ?? plan.error}
      onAct={() => purge.mutate(input, { onSuccess: onClose })}
      onClose={onClose}
    >
      {wouldDelete === 0 ? (
        <p>{plan.isPending ? "Looking…" : "The cache has no entry of this key any more."}</p>
      ) : (
        <p>
          {formatCount(wouldDelete)} {wouldDelete === 1 ? "entry" : "entries"} of {formatBytes(sizeBytes)}{" "}
          would go
          {entry &&
            `, made in ${formatDuration(entry.durationMs)} and used ${formatCount(entry.hitCount)} times since`}
          . Runs that have used it keep their results; the next one runs the task.
        </p>
      )}
      <p>
        <code>{cacheKey}</code>
      </p>
    </ActDialog>
  );
}

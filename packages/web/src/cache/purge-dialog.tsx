// Purges what the filters select: first what would go, then the number of it typed, then the outcome.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { CommandHint } from "../controls/command-hint.tsx";
import { Dialog } from "../controls/dialog.tsx";
import { Facts } from "../controls/facts.tsx";
import { Problem } from "../controls/problem.tsx";
import { TextField } from "../controls/text-field.tsx";
import { call, type OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { formatBytes, formatCount, formatDuration } from "../format/format.ts";
import styles from "./cache-page.module.css";
import { isEverything, optionsOf, type EntrySelection } from "./entry-filters.ts";
import { MissedStores } from "./missed-stores.tsx";
import { toPurge, workOf } from "./purge-plan.ts";

type Plan = OutputOf<"cache.plan-purge">;

/** The dialog. */
export function PurgeDialog({
  selection,
  onClose,
}: {
  readonly selection: EntrySelection;
  readonly onClose: () => void;
}): ReactNode {
  const isAll = isEverything(selection);
  // Asked once: what is purged is what was shown.
  const planned = useQuery({
    queryKey: ["purge dialog", selection],
    queryFn: async () => {
      const at = performance.now();
      return { at, plan: await call("cache.plan-purge", { ...selection, ...(isAll && { all: true }) }) };
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  const purge = useAct("cache.purge");
  const [typed, setTyped] = useState("");
  const number = planned.data?.plan.wouldDelete ?? 0;
  const isConfirmed = number > 0 && Number(typed.replaceAll(/[\s,.]/g, "")) === number;
  const options = `${optionsOf(selection)}${isAll ? " --all" : ""}`.trim();
  return (
    <Dialog
      title="Purge entries"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{purge.isSuccess ? "Close" : "Cancel"}</Button>
          {!purge.isSuccess && (
            <Button
              look="danger"
              isDisabled={!isConfirmed || purge.isPending}
              onPress={() =>
                planned.data && purge.mutate(toPurge(selection, isAll, performance.now() - planned.data.at))
              }
            >
              {purge.isPending ? "Purging…" : "Purge"}
            </Button>
          )}
        </>
      }
    >
      {purge.isSuccess ? (
        <div role="status">
          <p>
            Forgot {formatCount(purge.data.deleted)} {purge.data.deleted === 1 ? "entry" : "entries"}. It is
            in the audit trail as <code>cache.purge</code>. Tasks that need these results run again.
          </p>
          <MissedStores missed={purge.data.missed} />
        </div>
      ) : planned.data ? (
        <WouldGo plan={planned.data.plan} />
      ) : (
        !planned.isError && <p role="status">Looking for what would go…</p>
      )}
      {!purge.isSuccess && number > 0 && (
        <TextField label={`Type ${number} to purge`} value={typed} onChange={setTyped} isMono />
      )}
      {planned.isError && <Problem error={planned.error} />}
      {purge.isError && <Problem error={purge.error} />}
      {!purge.isSuccess && <CommandHint command={`cache purge ${options} --dry-run`} />}
    </Dialog>
  );
}

function WouldGo({ plan }: { readonly plan: Plan }): ReactNode {
  const work = workOf(plan);
  if (plan.wouldDelete === 0)
    return (
      <>
        <p>No entry matches: nothing would go.</p>
        <MissedStores missed={plan.missed} />
      </>
    );
  return (
    <section aria-label="What would go">
      <Facts
        facts={[
          ["Would go", formatCount(plan.wouldDelete)],
          ["Size", formatBytes(plan.sizeBytes)],
          ["Making them took", `${work.isAtLeast ? "at least " : ""}${formatDuration(work.ms)}`],
        ]}
      />
      <MissedStores missed={plan.missed} />
      <ul className={styles.plan}>
        {plan.tasks.map(({ team, dagId, taskId, entries, sizeBytes }) => (
          <li key={`${team}/${dagId}/${taskId}`}>
            {dagId}.{taskId}: {formatCount(entries)}, {formatBytes(sizeBytes)}
          </li>
        ))}
      </ul>
      <p>It takes effect at once for every scheduler, and cannot be undone.</p>
    </section>
  );
}

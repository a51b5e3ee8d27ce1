// Has a worker take no more attempts.

import type { ReactNode } from "react";
import { quoted } from "../format/quoted.ts";
import { ConfirmButton } from "../controls/confirm-button.tsx";
import type { OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { useMay } from "../data/use-session.ts";

/** The button; nothing for those who must not, and for workers that take none. */
export function DrainButton({
  worker: { name, state },
}: {
  readonly worker: OutputOf<"workers.list">[number];
}): ReactNode {
  const drain = useAct("workers.drain");
  const mayDrain = useMay("admin", null);
  if (!mayDrain || state !== "active") return null;
  return (
    <ConfirmButton
      verb="Drain"
      name={name}
      act={drain}
      input={{ worker: name }}
      command={`workers drain ${quoted(name)}`}
    >
      <p>It takes no more attempts, and ends when those that it runs have ended.</p>
    </ConfirmButton>
  );
}

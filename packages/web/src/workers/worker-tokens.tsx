// Tokens of workers: made here, shown once, revoked here. For administrators.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { quoted } from "../format/quoted.ts";
import { ConfirmButton } from "../controls/confirm-button.tsx";
import { Dialog } from "../controls/dialog.tsx";
import { MadeToken } from "../controls/made-token.tsx";
import { Problem } from "../controls/problem.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Select } from "../controls/select.tsx";
import { TextField } from "../controls/text-field.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { useMay } from "../data/use-session.ts";

type Token = OutputOf<"workers.tokens">[number];

const COLUMNS: readonly Column<Token>[] = [
  { id: "name", head: "Token", cell: ({ name }) => name },
  { id: "queues", head: "Queues", cell: ({ queues }) => queues?.join(", ") ?? "all" },
  { id: "teams", head: "Teams", cell: ({ teams }) => teams?.join(", ") ?? "all" },
  { id: "made", head: "Made", cell: ({ createdAt }) => <Time iso={createdAt} /> },
  { id: "until", head: "Valid until", cell: validityOf },
  { id: "revoke", head: "", cell: (token) => <Revoke token={token} /> },
];

/** The section; nothing for those who are no administrators. */
export function WorkerTokens(): ReactNode {
  const isAdmin = useMay("admin", null);
  const tokens = useQuery({ ...read("workers.tokens", {}), enabled: isAdmin }).data;
  const [isMaking, setMaking] = useState(false);
  if (!isAdmin || !tokens) return null;
  return (
    <section aria-labelledby="worker-tokens">
      <h2 id="worker-tokens">Tokens of workers</h2>
      <Table
        caption="Tokens of workers"
        columns={COLUMNS}
        rows={tokens}
        keyOf={({ id }) => id}
        empty={<p>There are none.</p>}
      />
      <p>
        <Button onPress={() => setMaking(true)}>Make a token…</Button>
      </p>
      {isMaking && <MakeDialog onClose={() => setMaking(false)} />}
    </section>
  );
}

function validityOf({ revokedAt, expiresAt }: Token): ReactNode {
  if (revokedAt !== null) return "revoked";
  return expiresAt === null ? "it is revoked" : <Time iso={expiresAt} />;
}

function Revoke({ token: { id, name, revokedAt } }: { readonly token: Token }): ReactNode {
  const revoke = useAct("workers.revoke");
  if (revokedAt !== null) return null;
  return (
    <ConfirmButton
      verb="Revoke"
      name={name}
      act={revoke}
      input={{ id }}
      command={`workers revoke ${quoted(id)}`}
    >
      <p>Workers that use it are refused from now on.</p>
    </ConfirmButton>
  );
}

const DAY_MS = 86_400_000;
const DAYS = ["30", "90", "366"] as const;
const NEVER = "never";

function MakeDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const make = useAct("workers.token");
  const [name, setName] = useState("");
  const [queues, setQueues] = useState("");
  const [days, setDays] = useState("90");
  const named = queues.split(/[\s,]+/).filter((queue) => queue !== "");
  return (
    <Dialog
      title="Make a token for workers"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{make.isSuccess ? "Close" : "Cancel"}</Button>
          {!make.isSuccess && (
            <Button
              look="primary"
              isDisabled={name.trim() === "" || make.isPending}
              onPress={() =>
                make.mutate({
                  name: name.trim(),
                  validForMs: days === NEVER ? null : Number(days) * DAY_MS,
                  ...(named.length > 0 && { queues: named }),
                })
              }
            >
              Make
            </Button>
          )}
        </>
      }
    >
      {make.isSuccess ? (
        <MadeToken token={make.data.token} />
      ) : (
        <>
          <TextField label="Name" value={name} onChange={setName} />
          <TextField
            label="Queues"
            hint="Names with spaces between; none: all"
            value={queues}
            onChange={setQueues}
          />
          <Select
            label="Valid for"
            options={[
              ...DAYS.map((id) => ({ id, text: `${id} days` })),
              { id: NEVER, text: "until it is revoked" },
            ]}
            value={days}
            onChange={setDays}
          />
        </>
      )}
      {make.isError && <Problem error={make.error} />}
    </Dialog>
  );
}

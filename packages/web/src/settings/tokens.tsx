// Tokens with which programs use the API: made here, shown once, revoked here.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { quoted } from "../format/quoted.ts";
import { ConfirmButton } from "../controls/confirm-button.tsx";
import { Problem } from "../controls/problem.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { MakeTokenDialog } from "./make-token-dialog.tsx";

type Token = OutputOf<"tokens.list">[number];

const COLUMNS: readonly Column<Token>[] = [
  { id: "name", head: "Token", cell: ({ name }) => name },
  { id: "role", head: "Role", cell: ({ role, team }) => `${role} in ${team ?? "all teams"}` },
  { id: "values", head: "Values", cell: ({ hasValues }) => (hasValues ? "shown" : "withheld") },
  { id: "by", head: "Made by", cell: ({ madeBy }) => madeBy },
  { id: "made", head: "Made", cell: ({ createdAt }) => <Time iso={createdAt} /> },
  { id: "used", head: "Last used", cell: ({ usedAt }) => <Time iso={usedAt} /> },
  {
    id: "until",
    head: "Valid until",
    cell: ({ revokedAt, expiresAt }) => (revokedAt === null ? <Time iso={expiresAt} /> : "revoked"),
  },
  { id: "revoke", head: "", cell: (token) => <Revoke token={token} /> },
];

/** The section. */
export function Tokens(): ReactNode {
  const { data, error } = useQuery(read("tokens.list", {}));
  const [isMaking, setMaking] = useState(false);
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">Tokens of programs</h2>
      {error && <Problem error={error} />}
      {data && (
        <Table
          caption="Tokens of programs, oldest first"
          columns={COLUMNS}
          rows={data}
          keyOf={({ id }) => id}
          empty={
            <p>
              There are none. A program sends one as <code>authorization: Bearer TOKEN</code>.
            </p>
          }
        />
      )}
      <p>
        <Button onPress={() => setMaking(true)}>Make a token…</Button>
      </p>
      {isMaking && <MakeTokenDialog onClose={() => setMaking(false)} />}
    </section>
  );
}

function Revoke({ token: { id, name, revokedAt } }: { readonly token: Token }): ReactNode {
  const revoke = useAct("tokens.revoke");
  if (revokedAt !== null) return null;
  return (
    <ConfirmButton
      verb="Revoke"
      name={name}
      act={revoke}
      input={{ id }}
      command={`tokens revoke ${quoted(id)}`}
    >
      <p>Programs that use it are refused from now on.</p>
    </ConfirmButton>
  );
}

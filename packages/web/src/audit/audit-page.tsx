// The audit trail: who did what.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";

/** The page. */
export function AuditPage(): ReactNode {
  const { data } = useSuspenseQuery(read("audit.list", { team: useTeam() }));
  return (
    <Page title="Audit" command="audit ls">
      <Table
        caption="Audit trail"
        rows={data.items}
        keyOf={({ id }) => String(id)}
        columns={[
          { id: "at", head: "When", cell: ({ at }) => <Time iso={at} /> },
          { id: "actor", head: "Who", cell: ({ actor }) => actor.name },
          { id: "action", head: "What", cell: ({ action }) => action },
          { id: "outcome", head: "Outcome", cell: ({ outcome }) => outcome.kind },
        ]}
        empty={<Empty title="Nothing has been done yet" />}
      />
    </Page>
  );
}

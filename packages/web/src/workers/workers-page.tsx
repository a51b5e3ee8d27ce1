// Workers on other machines.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";

/** The page. */
export function WorkersPage(): ReactNode {
  const { data } = useSuspenseQuery(read("workers.list", {}));
  return (
    <Page title="Workers" command="workers ls">
      <Table
        caption="Workers"
        rows={data}
        keyOf={({ id }) => id}
        columns={[
          { id: "name", head: "Worker", cell: ({ name }) => name },
          { id: "state", head: "State", cell: ({ state }) => state },
        ]}
        empty={
          <Empty title="There are no workers on other machines">
            <p>Attempts run on the machine of their scheduler.</p>
          </Empty>
        }
      />
    </Page>
  );
}

// The page of addresses that lead nowhere.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "../controls/page.tsx";

/** Says that there is no such page. */
export function NotFoundPage(): ReactNode {
  return (
    <Page title="No such page">
      <p>
        There is no page at this address. <Link to="/dags">All Dags</Link>
      </p>
    </Page>
  );
}

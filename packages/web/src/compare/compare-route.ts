// The route of the comparison of two runs.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../shell/root-route.tsx";

/** The search parameters of the page. */
export interface CompareSearch {
  readonly before?: string;
  readonly after?: string;
  /** Also tasks of which nothing differs. */
  readonly all?: true;
}

export const compareRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId/compare",
  validateSearch: ({ before, after, all }: Record<string, unknown>): CompareSearch => ({
    ...(typeof before === "string" && before !== "" && { before }),
    ...(typeof after === "string" && after !== "" && { after }),
    ...(all === true && { all }),
  }),
  component: lazyRouteComponent(() => import("./compare-page.tsx"), "ComparePage"),
});

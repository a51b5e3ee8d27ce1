// The route of the audit trail. Its filters are in the address.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { auditInput, readAuditSearch } from "./audit-search.ts";

export const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/audit",
  validateSearch: readAuditSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(
      read("audit.list", auditInput({ ...deps, team: context.teamOf(deps) })),
    ),
  component: lazyRouteComponent(() => import("./audit-page.tsx"), "AuditPage"),
});

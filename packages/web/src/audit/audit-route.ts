// The route of the audit trail.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/audit",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("audit.list", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./audit-page.tsx"), "AuditPage"),
});

// The table of all screens.

import { approvalRoute, approvalsRoute } from "./approvals/approvals-route.ts";
import { auditRoute } from "./audit/audit-route.ts";
import {
  cacheEntriesRoute,
  cacheHealthRoute,
  cacheReasonsRoute,
  cacheRoute,
  cacheTasksRoute,
  entryRoute,
  namedCachesRoute,
} from "./cache/cache-route.ts";
import { dagErrorsRoute } from "./dag-errors/dag-errors-route.ts";
import { dagRoutes } from "./dag/dag-route.ts";
import { dagsRoute } from "./dags/dags-route.ts";
import { homeRoute } from "./home/home-route.ts";
import { jobEntriesRoute } from "./job-entries/job-entries-route.ts";
import { compareRoute } from "./compare/compare-route.ts";
import { instanceRoute } from "./instance/instance-route.ts";
import { runRoute } from "./run/run-route.ts";
import { runsRoute } from "./runs/runs-route.ts";
import { settingsRoute } from "./settings/settings-route.ts";
import { poolsRoute } from "./pools/pools-route.ts";
import { rootRoute } from "./shell/root-route.tsx";
import { workersRoute } from "./workers/workers-route.ts";

export const routeTree = rootRoute.addChildren([
  homeRoute,
  dagsRoute,
  dagRoutes,
  runsRoute,
  runRoute,
  instanceRoute,
  compareRoute,
  cacheRoute.addChildren([
    cacheTasksRoute,
    cacheEntriesRoute,
    cacheReasonsRoute,
    cacheHealthRoute,
    namedCachesRoute,
  ]),
  entryRoute,
  jobEntriesRoute,
  approvalsRoute,
  approvalRoute,
  dagErrorsRoute,
  workersRoute,
  poolsRoute,
  auditRoute,
  settingsRoute,
]);

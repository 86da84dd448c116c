import { accountApart } from './account.ts';
import type { Check } from './check.ts';
import {
  clientContradictions,
  clientGrants,
  clientIds,
  clientSecrets,
  namedConnections,
  namedDialects,
} from './clients.ts';
import { demoSecrets } from './demo_secrets.ts';
import { dialectsApart, endpointsApart } from './dialects.ts';
import { headerRules, headerRulesOnce } from './header_rules.ts';
import { headerNames } from './identity_headers.ts';
import { listenersApart, memoryIsOneProcess, refreshOutlivesAccess, socketAlone, tlsFiles } from './listeners.ts';
import { connectionNames, userIds, usernames } from './people.ts';
import * as routes from './routes.ts';
import { serverSecretShared } from './server_secret.ts';
import { upstreamTls } from './upstreams.ts';

/** Every rule that compares one part of the configuration with another. */
export const ALL_CHECKS: readonly Check[] = [
  listenersApart,
  memoryIsOneProcess,
  socketAlone,
  tlsFiles,
  refreshOutlivesAccess,
  dialectsApart,
  endpointsApart,
  routes.routeNames,
  routes.routesApart,
  routes.routeDialects,
  routes.routesOutsideDialects,
  routes.forwardAuthRoutes,
  accountApart,
  routes.stripPrefixes,
  routes.publicRoutes,
  routes.scopeMethods,
  upstreamTls,
  clientIds,
  clientGrants,
  clientSecrets,
  clientContradictions,
  namedConnections,
  namedDialects,
  connectionNames,
  userIds,
  usernames,
  headerNames,
  headerRules,
  headerRulesOnce,
  demoSecrets,
  serverSecretShared,
];

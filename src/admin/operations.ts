import { listAudit } from './audit.ts';
import {
  createClient,
  deleteClient,
  endPreviousSecret,
  getClient,
  listClients,
  rotateSecret,
  updateClient,
} from './clients.ts';
import type { AnyOperation } from './operation.ts';
import { listRefusals, readMe, readOverview } from './overview.ts';
import { explainCall, getRoute, listRoutes, tryCall } from './routes.ts';
import { deleteGrant, getGrant, inspectToken, listGrants, revokeGrants, revokeToken } from './tokens.ts';
import {
  deleteDevice,
  deleteSession,
  forgetConsent,
  listConsents,
  listDevices,
  listSessions,
  resetAttempts,
  signOutEverywhere,
} from './user_belongings.ts';
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  lockUser,
  resetPassword,
  unlockUser,
  updateUser,
} from './users.ts';

/** Everything that operators can do, in the order of the API's description. The part of an id before the dot is its group. */
export const operations: readonly AnyOperation[] = [
  readMe,
  listClients,
  createClient,
  getClient,
  updateClient,
  deleteClient,
  rotateSecret,
  endPreviousSecret,
  listUsers,
  createUser,
  getUser,
  updateUser,
  deleteUser,
  resetPassword,
  lockUser,
  unlockUser,
  listConsents,
  forgetConsent,
  listSessions,
  deleteSession,
  listDevices,
  deleteDevice,
  signOutEverywhere,
  resetAttempts,
  listGrants,
  getGrant,
  deleteGrant,
  inspectToken,
  revokeToken,
  revokeGrants,
  listRoutes,
  getRoute,
  explainCall,
  tryCall,
  readOverview,
  listRefusals,
  listAudit,
];

import { auditExport } from './audit/export.ts';
import { auditLog } from './audit/list.ts';
import * as clientChange from './clients/change.ts';
import * as clientCreate from './clients/create.ts';
import { clientDetails } from './clients/details.ts';
import { clientList } from './clients/list.ts';
import { endPrevious, rotateDone, rotateForm } from './clients/secret.ts';
import { explainDone, explainForm, tryDone } from './explain/page.ts';
import { overview, overviewNumbers } from './overview/page.ts';
import type { ConsolePage } from './page.ts';
import { routeDetails } from './routes/details.ts';
import { routeList, routeNumbers } from './routes/list.ts';
import { endGrant, grantDetails } from './tokens/grant.ts';
import { inspectDone } from './tokens/inspect.ts';
import { endAllDone, endAllForm, grantList } from './tokens/list.ts';
import * as belongings from './users/belongings.ts';
import * as userChange from './users/change.ts';
import * as userCreate from './users/create.ts';
import { userDetails } from './users/details.ts';
import { userList } from './users/list.ts';

const clients: readonly ConsolePage[] = [
  clientList,
  clientDetails,
  clientCreate.createForm,
  clientCreate.createDone,
  clientChange.editForm,
  clientChange.editDone,
  clientChange.disableForm,
  clientChange.disableDone,
  clientChange.enableDone,
  clientChange.deleteForm,
  clientChange.deleteDone,
  rotateForm,
  rotateDone,
  endPrevious,
];

const users: readonly ConsolePage[] = [
  userList,
  userDetails,
  userCreate.createForm,
  userCreate.createDone,
  userChange.editForm,
  userChange.editDone,
  userChange.passwordForm,
  userChange.passwordDone,
  userChange.lockForm,
  userChange.lockDone,
  userChange.unlockDone,
  userChange.deleteForm,
  userChange.deleteDone,
  belongings.endSession,
  belongings.endDevice,
  belongings.withdrawConsent,
  belongings.forgetAttempts,
  belongings.signOutForm,
  belongings.signOutDone,
];

const tokens: readonly ConsolePage[] = [grantList, endAllForm, endAllDone, grantDetails, endGrant, inspectDone];

const watching: readonly ConsolePage[] = [
  ...[overview, overviewNumbers, routeList, routeNumbers, routeDetails],
  ...[explainForm, explainDone, tryDone, auditLog, auditExport],
];

/** Every page of the console. One that is not here is not there; a tab is shown if its page is. */
export const ALL_PAGES: readonly ConsolePage[] = [...clients, ...users, ...tokens, ...watching];

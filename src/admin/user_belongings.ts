import { z } from 'zod';
import {
  consentsOf,
  devicesOf,
  endDevice,
  endSession,
  forgetConsent as forget,
  resetAttempts as reset,
  sessionsOf,
  signOut,
} from './belongings_work.ts';
import { instant, pageOf, paging, reference } from './fields.ts';
import { operation } from './operation.ts';
import { userId } from './user_inputs.ts';

/** What any user holds, whichever connection they sign in with: consents, browsers, devices. */

const ended = z.object({ ended_grants: z.int().describe('How many grants ended.') });

export const listConsents = operation({
  id: 'users.consents',
  summary: 'List what a user has agreed to',
  role: 'auditor',
  method: 'GET',
  path: '/users/{id}/consents',
  input: z.strictObject({ id: userId, ...paging }),
  output: pageOf(
    z
      .object({
        client: z.string().describe('The client_id.'),
        client_name: z.string().optional().describe('Absent if there is no such client any more.'),
        scopes: z.array(z.string()),
        granted_at: instant().describe('When they agreed last.'),
      })
      .meta({ id: 'Consent' }),
  ),
  run: (admin, input) => consentsOf(admin, input),
});

export const forgetConsent = operation({
  id: 'users.forget_consent',
  summary: 'Withdraw what a user agreed to',
  description:
    'They are asked again, and the grants that this client holds of them end. There need not have been a consent.',
  role: 'admin',
  method: 'DELETE',
  path: '/users/{id}/consents/{client}',
  input: z.strictObject({ id: userId, client: reference().describe('The client_id.') }),
  output: ended.extend({ forgotten: z.boolean().describe('Whether there was a consent.') }),
  audit: ({ id, client }) => ({ kind: 'consent', id: `${id} ${client}` }),
  run: (admin, input) => forget(admin, input),
});

export const listSessions = operation({
  id: 'users.sessions',
  summary: 'List the browsers that a user is signed in with',
  role: 'auditor',
  method: 'GET',
  path: '/users/{id}/sessions',
  input: z.strictObject({ id: userId, ...paging }),
  output: pageOf(
    z
      .object({
        id: z.string().describe('Names the session, and is worth nothing else.'),
        authenticated_at: instant(),
        expires_at: instant(),
        connection: z.string(),
        user_agent: z.string().optional().describe('What the browser said it is.'),
        address: z.string().optional().describe('Where they signed in from.'),
        purpose: z.enum(['sign_in', 'console']).describe('Whether it is a session of the console.'),
      })
      .meta({ id: 'Session' }),
  ),
  run: (admin, input) => sessionsOf(admin, input),
});

export const deleteSession = operation({
  id: 'users.end_session',
  summary: 'Sign a browser out',
  description: 'The grants that were given through it go on.',
  role: 'admin',
  method: 'DELETE',
  path: '/users/{id}/sessions/{session}',
  input: z.strictObject({ id: userId, session: reference().describe('The `id` of the session.') }),
  output: z.object({ id: z.string() }),
  audit: ({ id, session }) => ({ kind: 'session', id: session, name: id }),
  run: (admin, input) => endSession(admin, input),
});

export const listDevices = operation({
  id: 'users.devices',
  summary: 'List the devices that hold grants of a user',
  description: 'A device has the name that its app gave it.',
  role: 'auditor',
  method: 'GET',
  path: '/users/{id}/devices',
  input: z.strictObject({ id: userId, ...paging }),
  output: pageOf(
    z
      .object({
        id: z.string().describe('Stands for the name in paths.'),
        name: z.string(),
        clients: z.array(z.string()).describe('The client_ids of the grants.'),
        grants: z.int().describe('How many it holds.'),
        issued_at: instant().describe('When it was given the latest one.'),
        expires_at: instant().describe('When the last one ends.'),
      })
      .meta({ id: 'Device' }),
  ),
  run: (admin, input) => devicesOf(admin, input),
});

export const deleteDevice = operation({
  id: 'users.end_device',
  summary: 'End the grants of a device',
  role: 'admin',
  method: 'DELETE',
  path: '/users/{id}/devices/{device}',
  input: z.strictObject({ id: userId, device: reference().describe('The `id` of the device.') }),
  output: ended,
  audit: ({ id }) => ({ kind: 'user', id }),
  run: (admin, input) => endDevice(admin, input),
});

export const signOutEverywhere = operation({
  id: 'users.sign_out',
  summary: 'Sign a user out everywhere',
  description: 'Ends all their grants, with every token, and all their browser sessions. They can sign in again.',
  role: 'admin',
  method: 'POST',
  path: '/users/{id}/sign-out',
  input: z.strictObject({ id: userId }),
  output: ended.extend({ ended_sessions: z.int() }),
  audit: ({ id }) => ({ kind: 'user', id }),
  run: (admin, input) => signOut(admin, input.id),
});

export const resetAttempts = operation({
  id: 'attempts.reset',
  summary: 'Forget failed attempts',
  description:
    'Lets a person try again who failed too often, without knowing whether there is one: the username, phone number or address that they type, in one connection or in all.',
  role: 'admin',
  method: 'POST',
  path: '/attempts/reset',
  input: z.strictObject({
    username: reference()
      .describe('What they type to sign in.')
      .meta({ examples: ['alice'] }),
    connection: reference().optional().describe('All connections if absent.'),
  }),
  output: z.object({ connections: z.array(z.string()).describe('Those in which the count was reset.') }),
  audit: ({ username }) => ({ kind: 'user', id: username }),
  detail: ({ connection }) => (connection === undefined ? {} : { connection }),
  run: (admin, input) => reset(admin, input),
});

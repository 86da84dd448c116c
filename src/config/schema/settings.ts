import { z } from 'zod';
import { text } from '../../model/text.ts';
import { durationWithin, secondsWithin } from './times.ts';

export const cache = z.strictObject({
  max_tokens: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(100_000)
    .describe('Tokens kept in memory, per process; 0 switches the cache off.'),
  ttl: durationWithin('1ms', '1h').prefault('60s').describe('How long a token is kept at most; use does not renew it.'),
  // G4: a revoked token may serve for 5 s at most, whatever breaks.
  staleness: durationWithin('0s', '5s')
    .prefault('5s')
    .describe('How old a cached token may be while the store is away; at most 5s.'),
  negative_ttl: durationWithin('0s', '1s')
    .prefault('1s')
    .describe('How long "no such token" is remembered; at most 1s.'),
});

export const tokens = z.strictObject({
  access_ttl: secondsWithin('1s', '30d').prefault('1h').describe('Life of an access token.'),
  refresh_ttl: secondsWithin('1s', '3650d')
    .prefault('30d')
    .describe('Life of a refresh token; each rotation begins it anew.'),
  // RFC 6749 §4.1.2 recommends ten minutes at most.
  code_ttl: secondsWithin('1s', '10m').prefault('60s').describe('Life of an authorization code; at most 10m.'),
  refresh_grace: secondsWithin('1s', '60s')
    .prefault('10s')
    .describe('How long a rotated refresh token may be presented again, by the same client, for the same answer.'),
  id_token_ttl: secondsWithin('1s', '1d').prefault('1h').describe('Life of an id_token (OpenID Connect).'),
  key_rotation: secondsWithin('1s', '365d')
    .prefault('30d')
    .describe(
      'How long a key signs id_tokens before the next one does. It is published as long before, and until all of them have expired; clients keep the keys they know for minutes or hours, so days are right.',
    ),
});

export const top = z.strictObject({
  forward_auth: z
    .boolean()
    .default(false)
    .describe(
      'Whether proxies that carry calls themselves may ask for verdicts at /auth: those that listen.trusted_proxies names, or those on this machine if it names none.',
    ),
  server_secret: text((value) => (value.length >= 32 ? undefined : 'must be at least 32 characters long'))
    .max(1024)
    .optional()
    .describe(
      'The same on every node; better written as file:PATH. One-time codes and signing keys cannot be read from the store without it. Without it codes end with the process.',
    ),
});

export const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('The least important events that are logged.'),
  access: z
    .enum(['json', 'combined', 'none'])
    .default('json')
    .describe('How each call is logged: as JSON, as a line of the combined log format (Apache, nginx), or not at all.'),
});

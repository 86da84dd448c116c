import { z } from 'zod';
import { name } from '../../model/fields.ts';
import { text } from '../../model/text.ts';

/** Headers that mean something to HTTP or are set by the gateway for every call; none of them can say who is calling. */
const TAKEN =
  /^(authorization|proxy-.*|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|date|via|forwarded|x-forwarded-.*|x-real-ip|content-.*|accept.*|cookie|set-cookie|origin|referer|user-agent|cache-control|if-.*|range)$/i;

const headerName = text((value) => {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(value))
    return 'must be a header name of letters, digits and hyphens, such as X-User-Id';
  if (TAKEN.test(value)) return 'is a header with a meaning of its own: choose another name, such as X-User-Id';
  return undefined;
});

const header = (standard: string, tells: string) =>
  z
    .union([headerName, z.literal(false)], {
      error: 'must be a header name such as X-User-Id, or false to switch it off',
    })
    .transform((value) => (value === false ? null : value))
    .prefault(standard)
    .describe(`Header that tells ${tells}; false switches it off.`);

export const identityHeaders = z.strictObject({
  user_id: header('X-User-Id', "the user's id"),
  user_name: header('X-User-Name', "the user's name, or user name if there is none"),
  user_email: header('X-User-Email', "the user's e-mail address"),
  client_id: header('X-Client-Id', 'the client'),
  scopes: header('X-Token-Scopes', "the token's scopes, separated by spaces"),
  connection: header('X-Auth-Connection', 'the connection the user signed in with'),
  attributes: z
    .record(name(), headerName)
    .optional()
    .describe('Headers for what else a connection knows of a user: { department: X-User-Department }.'),
  request_id: header('X-Request-Id', 'the id of the request, which the log has too'),
});

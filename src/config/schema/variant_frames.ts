import { z } from 'zod';
import { name } from '../../model/fields.ts';
import { requestHost } from './addresses.ts';
import { endpointPrefix } from './paths.ts';

// The keys that every connection and dialect has; the rest belongs to the variant that `type` names.

export const connectionFrame = z.strictObject({
  name: name().describe('The name of the connection; no two share one.'),
});

export const dialectFrame = z.strictObject({
  prefix: endpointPrefix()
    .optional()
    .describe("Leading path of its endpoints, such as /oauth2; the dialect's own if absent."),
  host: requestHost().optional().describe('Only answers on this host, without port. On any host if absent.'),
});

export const storeFrame = z.strictObject({});

import { z } from 'zod';
import { scope } from '../../model/fields.ts';
import { text } from '../../model/text.ts';
import { bindAddress, port } from './addresses.ts';
import { tls } from './listen.ts';
import { secondsWithin } from './times.ts';
import { publicUrl } from './urls.ts';

export const admin = z.strictObject({
  host: bindAddress()
    .default('127.0.0.1')
    .describe('Address of the admin listener (health, metrics, console, admin API).'),
  port: port().default(8081).describe('Port of the admin listener; 0 asks the system for a free one.'),
  tls: tls
    .optional()
    .describe(
      'Serve it over HTTPS. Without it passwords of administrators travel in the clear, which is for loopback addresses alone.',
    ),
  public_url: publicUrl()
    .optional()
    .describe(
      'The URL that operators reach it under, if they use a name. Console and API answer under no other name than this one and localhost, so that a page of somebody else cannot have a name of its own lead here.',
    ),
  console: z
    .boolean()
    .default(true)
    .describe('Whether there is a console; false leaves the admin API, health and metrics.'),
  session_ttl: secondsWithin('1m', '30d')
    .prefault('8h')
    .describe('How long a sign-in to the console lasts at most; half an hour without use ends it sooner.'),
  bearer_scope: scope()
    .optional()
    .describe(
      'The scope that an access token must have for the admin API, such as gatehouse:admin. Without it every app that an administrator signs in to can administrate.',
    ),
  terms_url: text((value) =>
    /^https?:\/\/[\x21-\x7e]{1,2000}$/.test(value) && URL.canParse(value)
      ? undefined
      : 'must be a URL such as https://www.example.com/terms',
  )
    .optional()
    .describe(
      'The terms of use that whoever creates an API client in the console has to agree to, as a link. Without them nobody is asked.',
    ),
});

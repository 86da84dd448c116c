import { z } from 'zod';
import { listOf, text } from '../../model/text.ts';
import { addressRange, bindAddress, port } from './addresses.ts';
import { pemFile } from './pem_file.ts';
import { durationWithin } from './times.ts';
import { publicUrl } from './urls.ts';

/** A certificate of a listener. */
export const tls = z.strictObject({
  cert: pemFile().describe(
    'PEM file with the certificate and its chain. Relative paths start from the folder of this file.',
  ),
  key: pemFile().describe('PEM file with the private key. Relative paths start from the folder of this file.'),
});

export const listen = z.strictObject({
  host: bindAddress().default('127.0.0.1').describe('Address to listen on; 0.0.0.0 or :: for all.'),
  port: port().default(8080).describe('Port to listen on; 0 asks the system for a free one.'),
  public_url: publicUrl()
    .optional()
    .describe('The URL the world reaches this gateway under, if it is not what host and port say. The OAuth issuer.'),
  workers: z
    .union([z.int().min(1).max(256), z.literal('auto')], {
      error: 'must be a number from 1 to 256, or auto for one per core',
    })
    .default(1)
    .describe('Processes that share the port; auto starts one per core.'),
  path: text((value) => (value.includes('\0') ? 'must be the path of a socket' : undefined))
    .min(1)
    .max(100)
    .optional()
    .describe('Unix socket to listen on instead of host and port. Relative paths start from the folder of this file.'),
  tls: tls.optional().describe('Serve HTTPS with this certificate; taken anew when the files change.'),
  http2: z
    .boolean()
    .default(true)
    .describe('Offer HTTP/2 to callers that come with TLS. Without TLS it is not spoken.'),
  max_connections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Connections that each process keeps open at once; more are answered 503.'),
  max_connections_per_address: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'Of these, those that may come from one address (IPv6: one /64); trusted_proxies may have all. Default: all.',
    ),
  max_delay: durationWithin('10ms', '60s')
    .prefault('1s')
    .describe(
      'How far a process may fall behind its work before it refuses calls early, with 503, until it has caught up.',
    ),
  min_body_rate: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(500)
    .describe(
      'Bytes that the body of a proxied call must bring each second, on average and after 20s or idle_timeout. 0: any rate.',
    ),
  fast_lane: z
    .boolean()
    .default(true)
    .describe('Carry plain HTTP/1.1 calls between raw sockets; false has node:http read every call.'),
  trusted_proxies: listOf(addressRange())
    .default([])
    .describe('Addresses of proxies in front whose X-Forwarded-* headers are believed, such as 10.0.0.0/8.'),
});

import { z } from 'zod';
import { label, text } from '../../model/text.ts';
import { parsedUrl } from '../../model/visible_url.ts';

export const tracing = z.strictObject({
  otlp: text((value) => {
    const url = parsedUrl(value);
    if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || /[?#]/.test(value))
      return 'must be the URL of a collector, such as http://127.0.0.1:4318, without ? or #';
    return url.username === '' && url.password === '' ? undefined : 'must have no user or password';
  })
    .optional()
    .describe(
      'Sends a span for each call to this OpenTelemetry collector (OTLP over HTTP; /v1/traces is added). Needs @opentelemetry/sdk-trace-node, @opentelemetry/exporter-trace-otlp-http and @opentelemetry/resources to be installed.',
    ),
  sample: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('The part of the traces that begin here which is kept; for others their beginning decides.'),
  service_name: label().default('gatehouse').describe('What the gateway is called in traces.'),
});

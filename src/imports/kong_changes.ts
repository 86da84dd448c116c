import type { Plugin } from './kong_plugins.ts';
import { corsPart, durationText, HeaderRulesMade, type Part, part } from './parts.ts';

/** The plugins that change calls, or hold them back by how many or how long they are. */
export const CHANGING: readonly string[] = [
  'cors',
  'rate-limiting',
  'rate-limiting-advanced',
  'response-ratelimiting',
  'request-size-limiting',
  'request-transformer',
  'request-transformer-advanced',
  'response-transformer',
  'response-transformer-advanced',
];

/** What they make of a route. @param auth whether calls have a token that they can be counted by. */
export const changesOf = (by: ReadonlyMap<string, Plugin>, auth: string) => ({
  limits: limitsOf(by, auth),
  cors: corsOf(by.get('cors')),
  max_body: sizeOf(by.get('request-size-limiting')),
  request_headers: headersOf(by.get('request-transformer') ?? by.get('request-transformer-advanced'), 'request'),
  response_headers: headersOf(by.get('response-transformer') ?? by.get('response-transformer-advanced'), 'response'),
});

const WINDOWS = [
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
] as const;

function limitsOf(by: ReadonlyMap<string, Plugin>, auth: string): Part | undefined {
  for (const name of ['rate-limiting-advanced', 'response-ratelimiting'])
    by.get(name)?.item.note(
      `is the plugin ${name}, which is not carried`,
      'Write limits: { per_token: 100/1m } in the route.',
    );
  const plugin = by.get('rate-limiting');
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  const rates = WINDOWS.flatMap(([unit, window]) => {
    const count = config.at(unit).number();
    return count === undefined || count < 1 ? [] : [{ unit, count: Math.min(1_000_000, Math.round(count)), window }];
  });
  const [first, ...more] = rates;
  for (const { unit } of more)
    config.at(unit).note('is not carried: a route has one rate', 'Choose the one that matters most.');
  for (const unit of ['month', 'year'])
    if (config.at(unit).isThere) config.at(unit).note('is not carried', 'Windows are a day at most.');
  const by_ = config.at('limit_by').text() ?? 'consumer';
  // Kong takes the address where nobody is known, and so does per_client.
  const isClient = by_ === 'credential' || by_ === 'consumer';
  const counted = auth === 'none' ? 'address' : isClient ? 'client' : 'token';
  const isSame = auth === 'none' ? isClient || by_ === 'ip' : by_ === 'credential';
  if (!isSame) item.note(`counts calls by ${by_}; here they are counted by ${counted}`, 'See whether that will do.');
  const status = config.at('error_code').number();
  return (
    first &&
    part({
      [counted === 'token' ? 'per_token' : 'per_client']: `${first.count}/${durationText(first.window)}`,
      status: status === 429 ? undefined : status,
    })
  );
}

function corsOf(plugin: Plugin | undefined): Part | undefined {
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  if (config.at('preflight_continue').isTrue())
    item.note(
      'lets the upstream answer browsers that ask first; here the gateway does',
      'Leave cors out if the upstream must.',
    );
  return corsPart(item, config.at('origins'), {
    methods: config.at('methods'),
    headers: config.at('headers'),
    expose: config.at('exposed_headers'),
    credentials: config.at('credentials').isTrue(),
    maxAge: config.at('max_age').number(),
  });
}

const SIZES: Readonly<Record<string, string>> = { megabytes: 'MiB', kilobytes: 'KiB', bytes: 'B' };

function sizeOf(plugin: Plugin | undefined): string | undefined {
  if (plugin === undefined) return undefined;
  const size = Math.max(1, Math.round(plugin.config.at('allowed_payload_size').number() ?? 128));
  return `${size}${SIZES[plugin.config.at('size_unit').text() ?? 'megabytes'] ?? 'MiB'}`;
}

function headersOf(plugin: Plugin | undefined, of: 'request' | 'response'): Part | undefined {
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  const rules = new HeaderRulesMade();
  for (const entry of config.at('remove').at('headers').list())
    rules.remove(entry, (entry.text() ?? '').split(':')[0]?.trim() ?? '');
  for (const how of ['replace', 'add', 'append'] as const) {
    for (const entry of config.at(how).at('headers').list()) {
      const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(entry.text() ?? '') ?? [];
      if (value.includes('$('))
        entry.note('holds a template, which is not carried', 'The identity headers say who is calling.');
      else rules.set(entry, name.trim(), value.trim());
    }
  }
  if (config.at('add').at('headers').list().length + config.at('replace').at('headers').list().length > 0)
    item.note(
      'adds only where nothing was sent, and replaces only what was; here headers are set in any case',
      'See whether that will do.',
    );
  for (const what of ['rename', 'allow'] as const)
    if (config.at(what).isThere) config.at(what).noteOthers([], `Only set and remove of ${of}_headers are carried.`);
  for (const how of ['remove', 'replace', 'add', 'append'] as const)
    config.at(how).noteOthers(['headers'], 'Only headers are changed here; the rest is for the upstream.');
  return rules.part;
}

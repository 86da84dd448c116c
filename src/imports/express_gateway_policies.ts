import type { Item } from './item.ts';
import {
  corsPart,
  durationOf,
  durationText,
  HeaderRulesMade,
  type Part,
  part,
  targetFrom,
  WithVariables,
} from './parts.ts';

/** What all endpoints of a pipeline have in common. */
export interface Pipeline {
  readonly auth: 'required' | 'none';
  readonly upstream: unknown;
  readonly strips: boolean;
  readonly more: Part;
}

interface Step {
  readonly policy: string;
  readonly item: Item;
  readonly action: Item;
}

const OTHER_AUTHENTICATION = ['key-auth', 'basic-auth', 'jwt', 'oauth2-introspect'];

/** Carries the policies of a pipeline. @returns undefined if its calls end there, or can be guarded by nothing that we have. */
export function pipelinePart(root: Item, pipeline: Item): Pipeline | undefined {
  const steps = stepsOf(pipeline.at('policies'));
  const of = (...policies: readonly string[]) => steps.filter(({ policy }) => policies.includes(policy));
  for (const step of steps) noteCondition(step);

  const [ends] = of('terminate');
  if (ends && !ends.item.at('condition').isThere) {
    ends.item.note(
      'answers calls itself; the endpoints of the pipeline are left out',
      'Nothing: what no route covers is answered with 404.',
    );
    return undefined;
  }
  const [proxy, ...more] = of('proxy');
  for (const other of more)
    other.item.note(
      'is a second proxy policy, which is not carried',
      'Write routes with paths or methods that tell the calls apart.',
    );
  const upstream = proxy && upstreamOf(root, proxy);
  if (proxy === undefined || upstream === undefined) {
    pipeline.note('sends its calls nowhere; its endpoints are left out', 'Write routes with an upstream.');
    return undefined;
  }
  for (const { item, policy } of of(...OTHER_AUTHENTICATION))
    item.note(
      `asks callers for ${policy}, in whose place a token is needed`,
      'Register each caller (gatehouse client add NAME --grant client_credentials), or its users in a connection.',
    );
  const auth = of('oauth2', ...OTHER_AUTHENTICATION).length > 0 ? 'required' : 'none';
  for (const { action } of of('oauth2'))
    if (action.at('jwt').isThere)
      action.at('jwt').note('has JWTs as access tokens, which are opaque here', 'Upstreams get identity headers.');
  for (const { item } of of('expression', 'log', 'terminate'))
    item.note('is not carried', 'Every call is logged; what an expression computes is for the upstream.');

  const rules = { request: new HeaderRulesMade(), response: new HeaderRulesMade() };
  for (const { action } of of('proxy')) addHeaders(rules.request, action.at('headers'), false);
  for (const { item } of of('headers'))
    item.note(
      'adds headers made of expressions, which are not carried',
      'The identity headers say who is calling: see identity_headers.',
    );
  for (const kind of ['request', 'response'] as const) {
    for (const { action } of of(`${kind}-transformer`)) {
      addHeaders(rules[kind], action.at('headers').at('add'), true);
      for (const entry of action.at('headers').at('remove').list()) rules[kind].remove(entry, entry.text() ?? '');
      if (action.at('body').isThere)
        action.at('body').note('changes bodies, which are never read here', 'Change them in the upstream.');
    }
  }
  const carried = [
    'proxy',
    'oauth2',
    'cors',
    'rate-limit',
    'headers',
    'request-transformer',
    'response-transformer',
    'expression',
    'log',
    'terminate',
    ...OTHER_AUTHENTICATION,
  ];
  for (const { policy, item } of steps)
    if (!carried.includes(policy))
      item.note(
        `is the policy ${policy}, which is not carried`,
        'See what it does, and whether something here does it too.',
      );
  return {
    ...{ auth, upstream },
    strips: proxy.action.at('stripPath').isTrue(),
    more: part({
      limits: limitsOf(of('rate-limit'), auth),
      cors: corsOf(of('cors')[0]),
      request_headers: rules.request.part,
      response_headers: rules.response.part,
    }),
  };
}

/** `- proxy: {…}`, `- proxy: [{…}, {…}]`, or a name alone. */
function stepsOf(policies: Item): readonly Step[] {
  return policies.list().flatMap((entry) => {
    const name = entry.text();
    if (name !== undefined) return [{ policy: name, item: entry, action: entry.at('action') }];
    return entry.members().flatMap(([policy, steps]) => {
      const list = steps.list().length > 0 ? steps.list() : [steps];
      return list.map((item) => ({ policy, item, action: item.at('action') }));
    });
  });
}

/** A guard under a condition guards always here; anything else under one is carried as if there were none. */
function noteCondition({ item, policy }: Step): void {
  const condition = item.at('condition');
  const name = condition.at('name').text() ?? condition.text();
  if (!condition.isThere || name === 'always') return;
  condition.note(
    `has ${policy} depend on ${name ?? 'something'}, which is not carried: it holds for every call`,
    'Write routes with paths or methods that tell the calls apart.',
  );
}

const VARIABLE = /\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^${}]*)?\}/;
/** It begins as a URL does, or with a variable that holds the beginning of one: `file:` would have our reader open a file. */
const URL_WITH_VARIABLES = /^(https?:\/\/|\$\{[A-Za-z_][A-Za-z0-9_]*(:-https?(:\/\/[^${}]*)?)?\}($|[:/]))/i;

function upstreamOf(root: Item, { action, item }: Step): unknown {
  const name = action.at('serviceEndpoint').text();
  const service = name === undefined ? undefined : root.at('serviceEndpoints').at(name);
  if (service === undefined || !service.isThere) {
    item.note(`names the service endpoint ${name ?? '(none)'}, which is not there`, 'Write an upstream.');
    return undefined;
  }
  const urls = service.at('urls').isThere ? service.at('urls').list() : service.at('url').list();
  const keepsPath = !action.at('prependPath').isFalse();
  const targets = urls.flatMap((url): readonly (string | WithVariables)[] => {
    const text = url.text() ?? '';
    if (VARIABLE.test(text)) {
      if (URL_WITH_VARIABLES.test(text)) return [new WithVariables(text)];
      url.note('is not carried: only a URL of http or https may hold variables', 'Write it as upstream of the route.');
      return [];
    }
    const target = targetFrom(url, text);
    if (target === undefined) return [];
    return [keepsPath ? target : new URL(target).origin];
  });
  if (targets.length === 0) return undefined;
  const options = [action, service.at('proxyOptions'), action.at('proxyOptions')];
  const pick = (key: string): Item => options.map((one) => one.at(key)).find((one) => one.isThere) ?? action.at(key);
  if (pick('secure').isFalse())
    pick('secure').note(
      'is not carried: certificates are always checked',
      'Name their authority under upstream.tls.ca.',
    );
  if (pick('changeOrigin').isFalse())
    pick('changeOrigin').note(
      'is not carried: services get their own host, and the one of the call in X-Forwarded-Host',
      'See that the service reads it.',
    );
  for (const key of [
    'auth',
    'ignorePath',
    'proxyUrl',
    'toProxy',
    'followRedirects',
    'autoRewrite',
    'hostRewrite',
    'protocolRewrite',
    'target',
    'cookieDomainRewrite',
    'cookiePathRewrite',
  ])
    if (pick(key).isThere && !pick(key).isFalse())
      pick(key).note('is not carried', 'See the keys of upstream, and request_headers.');
  const timeout = durationOf(pick('proxyTimeout').isThere ? pick('proxyTimeout') : pick('timeout'), 10, 3_600_000);
  const [only] = targets;
  return targets.length === 1 && timeout === undefined ? only : part({ targets: [...new Set(targets)], timeout });
}

function addHeaders(rules: HeaderRulesMade, headers: Item, areExpressions: boolean): void {
  for (const [name, item] of headers.members()) {
    const text = item.text() ?? '';
    const literal = areExpressions
      ? /^'([^'\\]*)'$|^"([^"\\]*)"$|^(\d+)$/
          .exec(text)
          ?.slice(1)
          .find((one) => one !== undefined)
      : text;
    if (literal === undefined)
      item.note(
        'is an expression, which is not carried',
        'The identity headers say who is calling: see identity_headers.',
      );
    else rules.set(item, name, literal);
  }
}

/** Said so, or not said at all. */
const BY_ADDRESS = /^(?:address|\$\{req\.ip\})$/;

function limitsOf(steps: readonly Step[], auth: Pipeline['auth']): Part | undefined {
  const [step, ...more] = steps;
  for (const { item } of more) item.note('is a second rate limit, which is not carried', 'A route has one rate.');
  if (step === undefined) return undefined;
  const { action, item } = step;
  const max = action.at('max').number() ?? 5;
  if (max <= 0) return undefined;
  const window = Math.min(86_400_000, Math.max(1_000, Math.round(action.at('windowMs').number() ?? 60_000)));
  const by = action.at('rateLimitBy').text() ?? 'address';
  const counted = auth === 'none' ? 'address' : 'token';
  if (auth !== 'none' || !BY_ADDRESS.test(by))
    item.note(`counts calls by ${by}; here they are counted by ${counted}`, 'See whether that will do.');
  if ((action.at('delayAfter').number() ?? 0) > 1)
    action.at('delayAfter').note('is not carried: calls are refused, not delayed', 'See whether that will do.');
  const status = action.at('statusCode').number();
  return part({
    [counted === 'token' ? 'per_token' : 'per_client']:
      `${Math.min(1_000_000, Math.round(max))}/${durationText(window)}`,
    status: status !== undefined && status !== 429 && status >= 400 && status < 600 ? status : undefined,
  });
}

function corsOf(step: Step | undefined): Part | undefined {
  if (step === undefined) return undefined;
  const { action, item } = step;
  if (action.at('origin').isFalse()) return undefined;
  return corsPart(item, action.at('origin'), {
    methods: action.at('methods'),
    headers: action.at('allowedHeaders'),
    expose: action.at('exposedHeaders'),
    credentials: action.at('credentials').isTrue(),
    maxAge: action.at('maxAge').number(),
  });
}

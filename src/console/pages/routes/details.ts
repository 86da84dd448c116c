import type { RouteDetails } from '../../../admin/route_details.ts';
import { getRoute } from '../../../admin/routes.ts';
import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';
import { LIVE_STYLE } from '../../assets.ts';
import { numeral, percent, quantile, span } from '../overview/figures.ts';
import { type ConsolePage, to } from '../page.ts';
import { badge, card, chips, facts } from '../parts/facts.ts';
import { numbersOf, ROUTES } from './list.ts';

/** Everything that is configured of one route. */
export const routeDetails: ConsolePage = {
  method: 'GET',
  path: '/routes/details',
  async answer(visit) {
    const route = await visit.perform(getRoute, { name: visit.query.needed('name') });
    const numbers = (await numbersOf(visit))?.get(route.name);
    return {
      title: route.name,
      badge: route.auth === 'none' && badge('public', 'warn'),
      above: [ROUTES],
      intro: html`<code><bdi>${route.host}${route.path}</bdi></code>`,
      styles: [LIVE_STYLE.path],
      actions: html`<a class="button plain" href="${explainPath(route)}">Explain a call to it</a>`,
      content: html`<div class="columns"><div>${calls(route)}${access(route)}${limits(route)}</div>
<div>${upstream(route)}${answers(route)}${
        numbers &&
        card(
          { title: 'Since the start' },
          facts([
            ['Calls', numeral(numbers.count)],
            ['Errors', percent(numbers.errors, numbers.count)],
            ['p50', span(quantile(0.5, numbers.times))],
            ['p99', span(quantile(0.99, numbers.times))],
          ]),
        )
      }</div></div>`,
    };
  },
};

const explainPath = ({ path, host, methods }: RouteDetails): string =>
  to('/explain', { method: methods?.[0] ?? 'GET', target: path.replace(/\*$/, ''), host });

const calls = ({ path, host, methods, strip_prefix, add_prefix, max_body }: RouteDetails): Html =>
  card(
    { title: 'Which calls' },
    facts([
      [
        'Path',
        html`<code>${path}</code> <span class="quiet">${path.endsWith('/*') ? 'and everything below' : 'exactly'}</span>`,
      ],
      ['Host', host === undefined ? 'any' : html`<code>${host}</code>`],
      ['Methods', methods ? chips(methods) : 'any'],
      ['Strip prefix', strip_prefix !== undefined && html`<code>${strip_prefix}</code>`],
      ['Add prefix', add_prefix !== undefined && html`<code>${add_prefix}</code>`],
      ['Longest body', max_body === undefined ? 'any' : `${numeral(max_body)} bytes`],
    ]),
  );

const AUTH = {
  required: 'A good token is needed.',
  optional: 'Calls without a token pass, without identity; a token that is sent must be good.',
  none: 'None: the route is public, and tokens are not looked at.',
} as const;

const access = (route: RouteDetails): Html =>
  card(
    { title: 'What they need' },
    facts([
      ['Token', AUTH[route.auth]],
      ...scopesOf(route),
      ['Audience', route.audience === undefined ? 'any' : html`<code>${route.audience}</code>`],
      ['Connections', route.connections ? chips(route.connections) : 'all, and clients without a user'],
      [
        'Store away',
        route.serve_cached === 0
          ? 'Calls with a token are refused with 503.'
          : `Safe methods pass on tokens that were cached in the last ${numeral(route.serve_cached)} s.`,
      ],
    ]),
  );

function scopesOf({ scopes }: RouteDetails): readonly (readonly [string, HtmlValue])[] {
  if (Array.isArray(scopes)) return [['Scopes', chips(scopes, 'none')]];
  const methods = Object.entries(scopes).map(
    ([method, needed]) => [`Scopes, ${method}`, chips(needed, 'none')] as const,
  );
  return [...methods, ['Other methods', 'all of these']];
}

function limits({ limits, limit_status, counted_as }: RouteDetails): Html {
  const { per_token, per_client, concurrent } = limits ?? {};
  const rate = (of: typeof per_token) =>
    of ? `${numeral(of.count)} calls in ${numeral(of.window_seconds)} s` : 'none';
  return card(
    { title: 'Limits' },
    facts([
      ['Per token', rate(per_token)],
      ['Per client', rate(per_client)],
      ['At once', concurrent === undefined ? 'no bound' : numeral(concurrent)],
      ['Refused with', limit_status],
      ['Counted as', counted_as !== undefined && html`<code>${counted_as}</code>`],
    ]),
  );
}

function upstream(route: RouteDetails): Html {
  const { targets, timeouts, health, breaker, tls } = route;
  if (targets.length === 0)
    return card({ title: 'Upstream' }, html`<p>None: another proxy carries the calls (forward auth).</p>`);
  const wait = (time: number | undefined) => (time === undefined ? 'no bound' : `${numeral(time)} s`);
  return card(
    { title: 'Upstream' },
    facts([
      [
        'Targets',
        html`<ul>${targets.map(({ url, healthy, failures = 0 }) => html`<li class="target"><code>${url}</code>${healthy !== undefined && (healthy ? badge('up', 'good') : badge('down', 'bad'))}${failures > 0 && html`<span class="quiet small">${failures} failed in a row</span>`}</li>`)}</ul>`,
      ],
      ['Chosen', route.balance?.replaceAll('_', ' ') ?? (targets.length > 1 && 'round robin')],
      ['Connect within', wait(timeouts.connect)],
      ['Answer within', wait(timeouts.answer)],
      ['Longest pause', wait(timeouts.idle)],
      ['Whole call', wait(timeouts.total)],
      ['Sent again', route.retries === 0 ? 'never' : 'once, if it never arrived'],
      ['Connections', route.max_connections !== undefined && `${numeral(route.max_connections)} to each target`],
      ['Queue', route.queue !== undefined && numeral(route.queue)],
      [
        'Health checks',
        health
          ? html`<code>${health.path}</code> every ${numeral(health.interval)} s, within ${numeral(health.timeout)} s; ${health.expect.join(', ')} is good. Out after ${health.unhealthy_after}, back after ${health.healthy_after}.`
          : 'none',
      ],
      [
        'Breaker',
        breaker
          ? `Out after ${breaker.max_failures} failures in a row${breaker.statuses.length > 0 ? ` (${breaker.statuses.join(', ')} too)` : ''}, tried again after ${numeral(breaker.retry_after)} s.`
          : 'none',
      ],
      [
        'TLS',
        tls &&
          [
            tls.own_authority && 'authorities of its own',
            tls.own_certificate && 'a client certificate',
            tls.server_name !== undefined && `the name ${tls.server_name}`,
          ]
            .filter(Boolean)
            .join(', '),
      ],
      ['Authorization', route.forward_authorization ? 'goes upstream' : 'stays here'],
    ]),
  );
}

function answers({ dialect, request_headers, response_headers, cors }: RouteDetails): Html {
  const names = (list: readonly string[] | undefined) => list !== undefined && list.length > 0 && chips(list);
  return card(
    { title: 'Headers and words' },
    facts([
      ['Refusals speak', dialect],
      ['Set for upstream', names(request_headers?.set)],
      ['Removed before', names(request_headers?.remove)],
      ['Set for callers', names(response_headers?.set)],
      ['Removed after', names(response_headers?.remove)],
      ['CORS', cors ? chips(cors.origins) : 'left to the upstream'],
      ['CORS methods', cors && names(cors.methods)],
      ['CORS headers', cors && names(cors.headers)],
      ['CORS expose', cors && names(cors.expose)],
      ['CORS cookies', cors && (cors.credentials ? 'may come along' : 'may not come along')],
      ['CORS remembered', cors && `${numeral(cors.max_age)} s`],
    ]),
  );
}

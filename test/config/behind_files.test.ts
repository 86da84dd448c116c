import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { variants } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';

const read = (file: string) => readFile(`config/behind/${file}`, 'utf8');
const { requestId: _, ...identity } = DEFAULT_IDENTITY_HEADERS;
const names = Object.values(identity);

describe('config/behind/', () => {
  it('has a configuration for the gateway that is right, also in the eyes of an editor', async () => {
    const config = await loadConfig('config/behind/gatehouse.yaml', { env: {}, variants });
    expect(config.forwardAuth).toBe(true);
    expect(config.routes.flatMap(({ upstream }) => upstream.targets)).toEqual([]);
    const schema = JSON.parse(await readFile('config/gatehouse.schema.json', 'utf8'));
    expect(z.fromJSONSchema(schema).safeParse(parseYaml(await read('gatehouse.yaml'))).error).toBeUndefined();
  });

  it.each(['nginx.conf', 'gatehouse.lua', 'Caddyfile', 'traefik.yaml', 'envoy.yaml', 'ingress_nginx.yaml'])(
    'names every identity header in %s',
    async (file) => {
      const text = (await read(file)).toLowerCase();
      expect(names.filter((name) => !text.includes(name.toLowerCase()))).toEqual([]);
    },
  );
});

/** These two programs are not run here: what is checked is what the gateway relies on, by the words of their documentation. */
describe('traefik.yaml', () => {
  it('lets nobody but Traefik say what is asked, and replaces what the caller sent', async () => {
    const { http } = parseYaml(await read('traefik.yaml'));
    const { forwardAuth } = http.middlewares.gatehouse;
    expect(forwardAuth.trustForwardHeader).toBe(false);
    // A list of headers for the question would hide from the gateway what it has to refuse.
    expect(Object.keys(forwardAuth).sort()).toEqual(['address', 'authResponseHeaders', 'trustForwardHeader']);
    expect(new URL(forwardAuth.address).pathname).toBe('/auth');
    expect(forwardAuth.authResponseHeaders).toEqual([...names, 'X-Request-Id', 'Authorization']);
    expect(http.routers.app.middlewares).toEqual(['gatehouse']);
    expect(http.routers.tokens.rule).not.toContain('auth/');
  });
});

describe('envoy.yaml', () => {
  it('fails closed, asks below /auth, and takes identity headers of callers out before it asks', async () => {
    const { static_resources } = parseYaml(await read('envoy.yaml'));
    const manager = static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
    expect(manager.path_with_escaped_slashes_action).toBe('REJECT_REQUEST');
    expect(manager.common_http_protocol_options.headers_with_underscores_action).toBe('REJECT_REQUEST');
    const [mutation] = manager.early_header_mutation_extensions;
    const removed = mutation.typed_config.mutations.map(({ remove }: { remove: string }) => remove);
    expect(removed).toEqual(names.map((name) => name.toLowerCase()));

    const [authorization, router] = manager.http_filters;
    expect([authorization.name, router.name]).toEqual(['envoy.filters.http.ext_authz', 'envoy.filters.http.router']);
    const { failure_mode_allow, http_service } = authorization.typed_config;
    expect([failure_mode_allow, http_service.path_prefix]).toEqual([false, '/auth']);
    const upstream = http_service.authorization_response.allowed_upstream_headers.patterns;
    const set = upstream.map(({ exact }: { exact: string }) => exact);
    expect(set).toEqual([...names.map((name) => name.toLowerCase()), 'x-request-id']);
  });
});

describe('the configuration in docs/forward_auth.md', () => {
  it('is one that Gatehouse starts with', async () => {
    const [, yaml = ''] = /```yaml fragment\n(.*?)```/s.exec(await readFile('docs/forward_auth.md', 'utf8')) ?? [];
    const config = parseConfig(yaml, { file: 'forward_auth.md', env: {}, readFile: () => '', variants });
    expect([config.forwardAuth, config.routes.map(({ upstream }) => upstream.targets)]).toEqual([true, [[]]]);
  });
});

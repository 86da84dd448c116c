import { defineConfig } from 'vitest/config';

/** What is promised of a proxied call is promised of both lanes: these files run once on a server of each. */
const PROXY = [
  'test/gateway/{full_lane,answers,limits,cors,header_rules,rewrite,body_limit,untouched_content,health,streams}.test.ts',
  'test/security/{cors_origin_confusion,header_rule_forgery,rewrite_escape}.test.ts',
  'test/security/{aborted_clients,cache_confusion,connection_header,forwarded_headers,host_confusion}.test.ts',
  'test/security/{identity_spoofing,method_override,path_confusion,request_smuggling,token_smuggling}.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: real servers run beside the tests, so more workers only make them wait for each other.
    maxWorkers: 2,
    allowOnly: false,
    // The budgets under test are real (250 ms for a store command): on a busy machine one may be missed for no fault of the code.
    retry: process.env['CI'] === undefined ? 0 : 2,
    projects: [
      { extends: true, test: { name: 'gatehouse', include: ['test/**/*.test.ts'] } },
      { extends: true, test: { name: 'fast lane', include: PROXY, env: { LANE: 'fast' } } },
    ],
  },
});

// The import table of ARCHITECTURE.md as rules. A room may import what stands behind its name, its own files, and nothing else.
const ROOMS = {
  model: [],
  config: ['model'],
  stores: ['model'],
  connections: ['model'],
  dialects: ['model'],
  observe: ['model', 'admin/live\\.ts$', 'stores/audit_store\\.ts$'],
  tokens: ['model', 'stores/(token_store|document_store|invalidation)\\.ts$'],
  registry: ['model', 'stores/document_store\\.ts$'],
  oauth: ['model', 'tokens', 'registry', 'connections/connection\\.ts$', 'stores/(token_store|counter_store)\\.ts$'],
  gateway: ['model', 'tokens', 'stores/(token_store|counter_store)\\.ts$'],
  http: ['model', 'oauth', 'gateway', 'registry', 'dialects/dialect\\.ts$'],
  admin: [
    'model',
    'registry',
    'tokens',
    'gateway/explain\\.ts$',
    'oauth/attempts\\.ts$',
    'stores/(token_store|audit_store|document_store)\\.ts$',
  ],
  console: [
    'model',
    'admin',
    'http',
    'tokens',
    'oauth/(sign_in|console_sessions|claims)\\.ts$',
    'stores/token_store\\.ts$',
  ],
  account: [
    'model',
    'admin/problem\\.ts$',
    'http',
    'oauth',
    'registry',
    'tokens',
    'stores/(token_store|audit_store)\\.ts$',
  ],
  imports: ['model'],
  demo: [],
  cli: [
    'config',
    'administration\\.ts$',
    'compose\\.ts$',
    'explaining\\.ts$',
    'policies\\.ts$',
    'house\\.ts$',
    'supervisor_desk\\.ts$',
    'model',
    'admin',
    'imports',
  ],
};

const table = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `${room}/ may import ${allowed.join(', ') || 'nothing'}: see ARCHITECTURE.md, "Who may import whom".`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: [room, ...allowed].map((to) => (to.endsWith('$') ? `^src/${to}` : `^src/${to}/`)) },
}));

// A variant imports its room's interface and its own further files (`ldap.ts`: `ldap_pool.ts`), never a sibling variant.
const siblings = [
  ['connections', '(connection|code_recipients|password_hash|oidc_claims|oidc_provider)\\.ts$'],
  ['dialects', '(dialect|wire_form)\\.ts$'],
  ['oauth/grants', 'grant\\.ts$'],
].map(([room, interfaceFile]) => ({
  name: `no-sibling-${room.replace('/', '-')}`,
  comment: `A variant in ${room}/ imports the room's interface file, never another variant.`,
  severity: 'error',
  from: { path: `^src/${room}/([a-z0-9]+)` },
  to: { path: `^src/${room}/`, pathNot: [`^src/${room}/${interfaceFile}`, `^src/${room}/$1_`] },
}));

// Each third-party library that shapes the design has one door.
const doors = [
  ['ioredis', '^src/stores/redis'],
  ['lru-cache', '^src/stores/lru'],
  ['koa|@koa/router', '^src/(http|console|account)/'],
  ['yaml', '^src/config/'],
  ['nodemailer', '^src/connections/email'],
  ['pino|prom-client|@opentelemetry', '^src/observe/'],
  ['jose', '^src/tokens/jws\\.ts$'],
  ['bcryptjs', '^src/connections/password_bcrypt_worker\\.ts$'],
  ['ldapts', '^src/connections/ldap'],
  ['openid-client', '^src/connections/oidc_provider\\.ts$'],
  ['fast-xml-parser', '^src/connections/adfs_answer\\.ts$'],
].map(([library, door]) => ({
  name: `door-${library.split('|')[0]}`,
  comment: `Only ${door} may import ${library}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: door },
  to: { path: `^node_modules/(@types/)?(${library})/` },
}));

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/((main|index)\\.ts$|console/assets/)' },
      to: {},
    },
    { name: 'not-to-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      // What is optional (tracing) is a dependency of development too.
      to: { dependencyTypes: ['npm-dev'], pathNot: '^node_modules/@opentelemetry/' },
    },
    ...table,
    ...siblings,
    ...doors,
    {
      name: 'door-outgoing',
      comment: 'Calls leave through gateway/upstream/ alone: no other file of the gateway opens a connection.',
      severity: 'error',
      // The last four only look at addresses, or at the socket they were given.
      from: {
        path: '^src/gateway/',
        pathNot: '^src/gateway/(upstream/(dial|target)|forwarded|host|reads|upgrade)\\.ts$',
      },
      to: { path: '^(node:)?(net|tls|https|http2)$', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

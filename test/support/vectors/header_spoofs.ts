/** A caller's attempt at the identity headers. Whatever it tries to plant contains `root`. */
export interface HeaderSpoof {
  readonly title: string;
  readonly lines: readonly string[];
  /** Behind the last chunk, if it tries that way. */
  readonly trailers?: readonly string[];
}

/** The names that the contract gives the identity headers, written down again: these lists are no business of the gateway's. */
export const IDENTITY_NAMES: readonly string[] = [
  'X-User-Id',
  'X-User-Name',
  'X-User-Email',
  'X-Client-Id',
  'X-Token-Scopes',
  'X-Auth-Connection',
  'X-Request-Id',
];

const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  'as it is': (name) => name,
  'in lower case': (name) => name.toLowerCase(),
  'in upper case': (name) => name.toUpperCase(),
  'in changing case': (name) => [...name].map((one, at) => (at % 2 ? one.toUpperCase() : one.toLowerCase())).join(''),
  'with underscores': (name) => name.replaceAll('-', '_'),
  'with underscores, in upper case': (name) => name.replaceAll('-', '_').toUpperCase(),
  'with one underscore, the first': (name) => name.replace('-', '_'),
  'with one underscore, the last': (name) => name.replace(/-(?=[^-]*$)/, '_'),
  'with dots': (name) => name.replaceAll('-', '.'),
  'with tildes': (name) => name.replaceAll('-', '~'),
  'with a plus': (name) => name.replace('-', '+'),
};

const each = (make: (name: string) => HeaderSpoof) => IDENTITY_NAMES.map(make);

export const HEADER_SPOOFS: readonly HeaderSpoof[] = [
  ...Object.entries(SPELLINGS).flatMap(([how, spell]) =>
    each((name) => ({ title: `${name} ${how}`, lines: [`${spell(name)}: root`] })),
  ),
  ...each((name) => ({
    title: `${name} three times`,
    lines: [`${name}: root`, `${name.toLowerCase()}: root2`, `${name.replaceAll('-', '_')}: root3`],
  })),
  ...each((name) => ({ title: `${name} given away in Connection`, lines: [`Connection: close, ${name}`] })),
  ...each((name) => ({
    title: `${name} sent and given away by another spelling`,
    lines: [`Connection: ${name.replaceAll('-', '_')}`, `${name}: root`],
  })),
  ...each((name) => ({ title: `${name} empty, then not`, lines: [`${name}:`, `${name}: root`] })),
  ...each((name) => ({ title: `${name} with a list`, lines: [`${name}: root, u-alice`] })),
  ...each((name) => ({
    title: `${name} in trailers`,
    lines: ['Transfer-Encoding: chunked', `Trailer: ${name}`, 'TE: trailers'],
    trailers: [`${name}: root`, `${name.replaceAll('-', '_')}: root`],
  })),
  { title: 'X-Forwarded-For', lines: ['X-Forwarded-For: root', 'X_Forwarded_For: root'] },
  { title: 'X-Forwarded-Host', lines: ['X-Forwarded-Host: root', 'X-FORWARDED_HOST: root'] },
  { title: 'X-Forwarded-Proto', lines: ['X-Forwarded-Proto: root', 'X-Forwarded.Proto: root'] },
  { title: 'X-Forwarded-User, as other proxies say it', lines: ['X-Forwarded-User: root', 'X-Forwarded-Email: root'] },
  { title: 'Forwarded', lines: ['Forwarded: for=root;host=root'] },
  { title: 'X-Real-IP', lines: ['X-Real-IP: root', 'X_Real_IP: root'] },
  { title: 'Proxy, which CGI makes a setting of', lines: ['Proxy: http://root/'] },
];

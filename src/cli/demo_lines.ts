import type { Config } from '../model/config.ts';

/**
 * Two lines to paste into one shell, a token for alice and a call with it, and where the console is. Empty unless this is the demo configuration: they
 * spell out its secrets, which are public and which `check` refuses on any listener but loopback.
 */
export function demoLines(config: Config, url: string, admin?: string): readonly string[] {
  // curl could, but not in two lines that anybody would paste.
  if (url.startsWith('unix:')) return [];
  const route = config.routes.find((each) => each.upstream.targets.includes('demo') && each.path.endsWith('/*'));
  const client = config.clients.find((each) => each.id === 'demo-app' && each.grants.includes('password'));
  const endpoint = config.dialects.find((each) => each.type === 'oauth2' && each.host === undefined);
  const alice = config.users.some((each) => each.username === 'alice');
  if (!route || !client || !endpoint || !alice) return [];
  const hasConsole = admin !== undefined && config.admin.console && config.users.some(isAdmin);
  const token = `${url}${endpoint.prefix ?? '/oauth2'}/token`;
  return [
    '',
    'Try it: a token for alice, then a call with it.',
    '',
    `TOKEN=$(curl -sS ${token} -u demo-app:demo-secret -d grant_type=password -d username=alice -d password=wonderland | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS ${url}${route.path.slice(0, -1)}hello -H "Authorization: Bearer $TOKEN"`,
    '',
    ...(hasConsole ? [`The console is at ${admin}/: sign in as admin, with the password looking-glass.`, ''] : []),
  ];
}

const isAdmin = ({ username, roles }: Config['users'][number]): boolean =>
  username === 'admin' && roles.includes('admin');

import type { IconName } from './icons.ts';

/** The tabs of the left pane; one is shown if there is a page at its path. */
export const NAVIGATION: readonly { readonly title: string; readonly path: string; readonly icon: IconName }[] = [
  { title: 'Overview', path: '/', icon: 'overview' },
  { title: 'API Clients', path: '/clients', icon: 'clients' },
  { title: 'Users', path: '/users', icon: 'users' },
  { title: 'Tokens and sessions', path: '/tokens', icon: 'tokens' },
  { title: 'Routes', path: '/routes', icon: 'routes' },
  { title: 'Explain', path: '/explain', icon: 'explain' },
  { title: 'Audit log', path: '/audit', icon: 'audit' },
];

import { hash } from 'node:crypto';

/** The form in which a client's secret is kept: good for long random secrets, which need no slow hash. */
export const secretHash = (secret: string): string => `sha256:${hash('sha256', secret, 'base64url')}`;

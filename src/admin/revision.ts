import { hash } from 'node:crypto';

/** Follows from what is shown of a thing, so that it changes when, and only when, something has changed that an editor can see. */
export const revisionOf = (shown: object): string => hash('sha256', JSON.stringify(shown), 'base64url').slice(0, 16);

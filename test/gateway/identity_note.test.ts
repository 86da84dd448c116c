import { describe, expect, it } from 'vitest';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { IdentityNote } from '../../src/gateway/identity_note.ts';
import { lastingLines } from '../../src/gateway/upstream/outgoing_head.ts';
import type { AccessToken } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';

const names = DEFAULT_IDENTITY_HEADERS;
const [ofA, ofApp] = [lastingLines(['X-Client-Id', 'a']), lastingLines(['X-App', 'a'])];
const recordOf = (client: string): AccessToken => {
  return { family: 'f', issuedAt: seconds(1), expiresAt: seconds(2), client, scopes: [], audience: [] };
};

describe('the note on a record', () => {
  it('is not on a copy, which may be of another identity', () => {
    const record = recordOf('a');
    IdentityNote.put(record, names, ofA);
    expect(IdentityNote.on(record, names)).toEqual(ofA);
    for (const copy of [{ ...record, client: 'b' }, structuredClone(record), Object.assign({}, record)]) {
      expect(IdentityNote.on(copy, names)).toBeUndefined();
    }
    expect(JSON.stringify(record)).not.toContain('X-Client-Id');
  });

  it('says nothing to a configuration with other names, and is replaced by what that one notes', () => {
    const record = recordOf('a');
    IdentityNote.put(record, names, ofA);
    const others = { ...names, clientId: 'X-App' };
    expect(IdentityNote.on(record, others)).toBeUndefined();
    IdentityNote.put(record, others, ofApp);
    expect(IdentityNote.on(record, others)).toEqual(ofApp);
    expect(IdentityNote.on(record, names)).toBeUndefined();
  });
});

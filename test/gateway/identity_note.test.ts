import { describe, expect, it } from 'vitest';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { IdentityNote } from '../../src/gateway/identity_note.ts';
import type { AccessToken } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';

const names = DEFAULT_IDENTITY_HEADERS;
const recordOf = (client: string): AccessToken => {
  return { family: 'f', issuedAt: seconds(1), expiresAt: seconds(2), client, scopes: [], audience: [] };
};

describe('the note on a record', () => {
  it('is not on a copy, which may be of another identity', () => {
    const record = recordOf('a');
    IdentityNote.put(record, names, ['X-Client-Id', 'a']);
    expect(IdentityNote.on(record, names)).toEqual(['X-Client-Id', 'a']);
    for (const copy of [{ ...record, client: 'b' }, structuredClone(record), Object.assign({}, record)]) {
      expect(IdentityNote.on(copy, names)).toBeUndefined();
    }
    expect(JSON.stringify(record)).not.toContain('X-Client-Id');
  });

  it('says nothing to a configuration with other names, and is replaced by what that one notes', () => {
    const record = recordOf('a');
    IdentityNote.put(record, names, ['X-Client-Id', 'a']);
    const others = { ...names, clientId: 'X-App' };
    expect(IdentityNote.on(record, others)).toBeUndefined();
    IdentityNote.put(record, others, ['X-App', 'a']);
    expect(IdentityNote.on(record, others)).toEqual(['X-App', 'a']);
    expect(IdentityNote.on(record, names)).toBeUndefined();
  });
});

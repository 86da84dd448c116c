import { describe, expect, it } from 'vitest';
import { roambi } from '../../src/dialects/roambi.ts';
import type { ErrorCode } from '../../src/model/failure.ts';

const dialect = roambi.create(roambi.options.parse({}), { prefix: roambi.prefix });
const worded = (code: ErrorCode) => {
  const { status, body } = dialect.fail({ code, description: 'Do this.' }, 'endpoint');
  return [status, ...Object.values(JSON.parse(body) as Record<string, string>)];
};

describe('"OAuth2 error types"', () => {
  it.each<[ErrorCode, number, string]>([
    ['unsupported_grant_type', 400, 'invalid_request'],
    ['invalid_request', 400, 'invalid_request'],
    ['invalid_refresh_token', 400, 'invalid_request'],
    ['unauthorized_client', 400, 'unauthorized_client'],
    ['invalid_grant', 400, 'invalid_grant'],
    ['invalid_client', 401, 'invalid_client'],
    ['redirect_uri_mismatch', 400, 'redirect_url_mismatch'],
    ['server_error', 500, 'internal_server_error'],
  ])('%s is %i %s', (code, status, error) => {
    expect(worded(code)).toEqual([status, error, 'Do this.']);
  });

  it('wrong user credentials are worded as in the example', () => {
    expect(worded('invalid_credentials')).toEqual([401, 'invalid_grant', 'Invalid user credentials']);
  });
});

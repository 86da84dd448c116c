/** What an app does by hand: the token endpoint with a form, and a call with the token it got. */

const DEMO = `Basic ${Buffer.from('demo-app:demo-secret').toString('base64')}`;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
  readonly scope: string;
}

export function post(
  url: string,
  form: Record<string, string>,
  authorization: string | null = DEMO,
): Promise<Response> {
  const headers = authorization === null ? undefined : { authorization };
  return fetch(url, { method: 'POST', body: new URLSearchParams(form), ...(headers ? { headers } : {}) });
}

/** @throws Error with the answer's text when it is not 200. */
export async function aliceTokens(url: string): Promise<Tokens> {
  const answer = await post(`${url}/oauth2/token`, {
    grant_type: 'password',
    username: 'alice',
    password: 'wonderland',
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Tokens;
}

export function call(url: string, token: string, path = '/demo/hello'): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

export function revoke(url: string, token: string): Promise<Response> {
  return post(`${url}/oauth2/revoke`, { token });
}

/** A browser's habits without a browser: keeps cookies, follows nothing by itself, sends forms with the headers that Chromium sends. */
export class PageClient {
  readonly cookies = new Map<string, string>();
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers sent with every request, as by a proxy in front of us. */
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  get(path: string): Promise<PageAnswer> {
    return this.send(path, {});
  }

  /** Sends the form of a page that goes to `action`: its hidden fields, and these. */
  submit(page: PageAnswer, action: string, fields: Readonly<Record<string, string>>): Promise<PageAnswer> {
    const hidden = page.form(action);
    if (!hidden) throw new Error(`the page has no form for ${action}: ${page.text}`);
    return this.post(action, { ...hidden, ...fields });
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PageAnswer> {
    const browserHeaders = { 'sec-fetch-site': 'same-origin', origin: 'null', ...headers };
    return this.send(path, { method: 'POST', body: new URLSearchParams(fields), headers: browserHeaders });
  }

  async send(path: string, init: RequestInit & { headers?: Readonly<Record<string, string>> }): Promise<PageAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.#headers, ...init.headers, ...(cookie ? { cookie } : {}) };
    const response = await fetch(this.#url + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return new PageAnswer(response.status, response.headers, await response.text());
  }

  /** Goes as far as the consent page, or with a decision to its end. */
  async signIn(path: string, username: string, password: string, decision?: 'allow' | 'deny'): Promise<PageAnswer> {
    let page = await this.get(path);
    if (page.form('/oauth2/sign-in')) {
      const signedIn = await this.submit(page, '/oauth2/sign-in', { username, password });
      page = await this.get(signedIn.location);
    }
    return decision ? this.submit(page, '/oauth2/consent', { decision }) : page;
  }
}

export class PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(status: number, headers: Headers, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  get location(): string {
    return this.headers.get('location') ?? '';
  }

  /** The hidden fields of the form that goes to `action`; undefined if there is none. */
  form(action: string): Record<string, string> | undefined {
    const start = this.text.indexOf(`action="${action}"`);
    if (start < 0) return undefined;
    const form = this.text.slice(start, this.text.indexOf('</form>', start));
    const fields = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
    return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
  }
}

/*
 * The keys of the house in the hands of its guests: browsers send our cookies along with every call to this host, whatever the port, so
 * that a proxy that passes `Cookie` on gives whoever runs an upstream the sign-in session of each user, and the console's of an
 * operator. The ways past: the header or the pair in another place or with other blanks, twice, with the prefix of https, in several
 * headers as HTTP/2 sends them, on public routes, on upgrades, on routes that pass `Authorization` on, in front of somebody's own app.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutOwnCookies } from '../../src/gateway/own_cookies.ts';
import { OWN_COOKIES } from '../../src/model/own_cookies.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { aliceTokens } from '../support/token_client.ts';

const STOLEN = 'stolen-key-of-the-house';
const NAMES = OWN_COOKIES.flatMap((name) => [name, `__Host-${name}`]);

/** What a browser, or somebody at its wire, sends; and what may go on. */
const LINES: readonly (readonly [sent: readonly string[], goesOn: readonly string[]])[] = [
  ...NAMES.flatMap((name) => {
    const ours = `${name}=${STOLEN}`;
    return [
      [[`Cookie: ${ours}`], []],
      [[`Cookie: a=1; ${ours}`], ['a=1']],
      [[`Cookie: ${ours}; a=1`], ['a=1']],
      [[`Cookie: a=1; ${ours}; b=2`], ['a=1; b=2']],
    ] as const;
  }),
  [[`cookie: gatehouse_session=${STOLEN}`], []],
  [[`COOKIE: gatehouse_session=${STOLEN}`], []],
  [[`Cookie: gatehouse_session=${STOLEN};`], []],
  [[`Cookie: ;;gatehouse_session=${STOLEN};; `], []],
  [[`Cookie:a=1;gatehouse_session=${STOLEN};b=2`], ['a=1;b=2']],
  [[`Cookie: a=1 ;\t gatehouse_session \t=${STOLEN} ; b=2`], ['a=1 ; b=2']],
  [[`Cookie: gatehouse_session=${STOLEN}; a=1; gatehouse_session="${STOLEN}"`], ['a=1']],
  [[`Cookie: gatehouse_session=${STOLEN}; __Host-gatehouse_console=${STOLEN}; gatehouse_browser=${STOLEN}`], []],
  [[`Cookie: a="x; gatehouse_session=${STOLEN}; y"`], ['a="x; y"']],
  [
    ['Cookie: a=1', `Cookie: gatehouse_session=${STOLEN}`, 'Cookie: b=2'],
    ['a=1', 'b=2'],
  ],
  // These are others', and stay as they are.
  [['Cookie: a=1;;  b = "2, 3" ;gatehouse'], ['a=1;;  b = "2, 3" ;gatehouse']],
  [
    ['Cookie: gatehouse_sessions=1; my_gatehouse_session=2; x=gatehouse_session'],
    ['gatehouse_sessions=1; my_gatehouse_session=2; x=gatehouse_session'],
  ],
];

it('what has none of ours is the very same text', () => {
  for (const text of ['', 'a=1', ' a = 1 ;; ', 'gatehouse_other=1', 'caf\u00e9=\u00ff'])
    expect(withoutOwnCookies(text)).toBe(text);
});

describe.each(['with the fast lane', 'without it'])('%s', (lanes) => {
  let upstream: RecordingUpstream;
  let house: HouseUnderTest;
  let token: string;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    const to = `upstream: "${upstream.origin}"`;
    const yaml = (await demoConfig('{ type: memory }')).replace(
      'routes:\n',
      `routes:
  - { name: protected, path: /protected/*, ${to} }
  - { name: open, path: /open/*, ${to}, auth: none }
  - { name: passed, path: /passed/*, ${to}, forward_authorization: true }
`,
    );
    house = await startHouse(lanes === 'without it' ? yaml.replace('listen: {', 'listen: { fast_lane: false,') : yaml);
    token = (await aliceTokens(house.url)).access_token;
  });
  afterAll(async () => {
    await house?.close();
    await upstream?.close();
  });

  const HANDSHAKE = [
    ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  const ways = [
    ['a call', '/protected/x', []],
    ['a public call', '/open/x', []],
    ['a call whose token goes on', '/passed/x', []],
    ['a call with a body', '/protected/x', ['Content-Length: 0']],
    ['an upgrade', '/protected/x', HANDSHAKE],
    ['a public upgrade', '/open/x', HANDSHAKE],
  ] as const;

  it.each(ways)('%s brings the upstream none of ours, and all others', async (_, path, more) => {
    for (const [sent, goesOn] of LINES) {
      const before = upstream.requests.length;
      const lines = [...sent.slice(0, 1), `Authorization: Bearer ${token}`, ...more, ...sent.slice(1)];
      const head = [`GET ${path} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n');
      const about = JSON.stringify(sent);
      await exchange(Number(new URL(house.url).port), head);
      const [request] = upstream.requests.slice(before);
      expect(request, about).toBeDefined();
      expect(request?.values('cookie'), about).toEqual(goesOn);
    }
    expect(Buffer.concat(upstream.connections.map(({ bytes }) => bytes)).toString('latin1')).not.toContain(STOLEN);
  });
});

import type { Socket } from 'node:net';

/** What becomes of a call whose upstream breaks: an answer of the gateway's own, a cut connection, or an answer that was whole before. */
export type Outcome = 'cut' | 200 | 413 | 502 | 504;

export interface UpstreamFault {
  readonly title: string;
  /** Does the damage, to a connection on which a request has come. */
  readonly strike: (socket: Socket) => void;
  /** Any of these is right; a cut answer of which nothing went on yet may be told as 502 instead. */
  readonly outcomes: readonly Outcome[];
  /** Strikes as soon as the head is there, before the body. */
  readonly early?: boolean;
}

const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const LENGTH = `${head('Content-Length: 20')}0123456789`;
const CHUNKS = `${head('Transfer-Encoding: chunked')}a\r\n0123456789\r\n`;
const ENDLESS = `${head('Connection: close')}0123456789`;

/** The three ways in which a connection ends. */
const ends: Record<string, (socket: Socket) => void> = {
  'closes it': (socket) => void socket.end(),
  'drops it': (socket) => void socket.destroy(),
  'resets it': (socket) => void socket.resetAndDestroy(),
};

/** Says something, and ends once it is on its way: a reset would overtake it. */
const after = (said: string, end: (socket: Socket) => void) => (socket: Socket) => {
  socket.write(said, 'latin1', () => setTimeout(() => end(socket), 20));
};

const dying = Object.entries(ends).flatMap(([how, end]): UpstreamFault[] => [
  { title: `says nothing and ${how}`, strike: end, outcomes: [502] },
  { title: `says nothing and ${how} before the body`, strike: end, outcomes: [502], early: true },
  { title: `says half a status line and ${how}`, strike: after('HTTP/1.1 20', end), outcomes: [502] },
  { title: `says half a head and ${how}`, strike: after('HTTP/1.1 200 OK\r\nContent-Le', end), outcomes: [502] },
  {
    title: `says an interim answer and ${how}`,
    strike: after('HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n', end),
    outcomes: [502],
  },
  {
    title: `says a head with a length and ${how}`,
    strike: after(head('Content-Length: 20'), end),
    outcomes: ['cut', 502],
  },
  { title: `dies in the middle of a length, ${how}`, strike: after(LENGTH, end), outcomes: ['cut', 502] },
  {
    title: `says a head with chunks and ${how}`,
    strike: after(head('Transfer-Encoding: chunked'), end),
    outcomes: ['cut', 502],
  },
  { title: `dies between chunks, ${how}`, strike: after(CHUNKS, end), outcomes: ['cut', 502] },
  { title: `dies in the middle of a chunk, ${how}`, strike: after(`${CHUNKS}14\r\n0123`, end), outcomes: ['cut', 502] },
  {
    title: `dies before the last line of the chunks, ${how}`,
    strike: after(`${CHUNKS}0\r\n`, end),
    outcomes: ['cut', 502],
  },
  {
    title: `answers 413 before the body and ${how}`,
    strike: after('HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno', end),
    outcomes: [413, 502],
    early: true,
  },
]);

/** Upstreams that break while they answer. Hanging ones are waited for no longer than the route says. */
export const UPSTREAM_FAULTS: readonly UpstreamFault[] = [
  ...dying,
  // Only a reset tells an answer without a length that broke off from one that ended (RFC 9112 §8).
  {
    title: 'ends an answer that has no length',
    strike: after(ENDLESS, (socket) => void socket.end()),
    outcomes: [200],
  },
  {
    title: 'resets an answer that has no length',
    strike: after(ENDLESS, (socket) => void socket.resetAndDestroy()),
    outcomes: ['cut', 502],
  },
  { title: 'never answers', strike: () => {}, outcomes: [504] },
  { title: 'never reads the body', strike: (socket) => void socket.pause(), outcomes: [504], early: true },
  { title: 'hangs in the status line', strike: (socket) => void socket.write('HTTP/1.1 '), outcomes: [504] },
  {
    title: 'hangs in the head',
    strike: (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1'),
    outcomes: [504],
  },
  {
    title: 'hangs behind an interim answer',
    strike: (socket) => void socket.write('HTTP/1.1 103 X\r\n\r\n'),
    outcomes: [504],
  },
  {
    title: 'hangs behind the head',
    strike: (socket) => void socket.write(head('Content-Length: 20')),
    outcomes: ['cut', 504],
  },
  { title: 'hangs in the middle of a length', strike: (socket) => void socket.write(LENGTH), outcomes: ['cut', 504] },
  { title: 'hangs between chunks', strike: (socket) => void socket.write(CHUNKS), outcomes: ['cut', 504] },
  {
    title: 'hangs in the middle of a chunk',
    strike: (socket) => void socket.write(`${CHUNKS}14\r\n0`),
    outcomes: ['cut', 504],
  },
  {
    title: 'hangs in an answer that has no length',
    strike: (socket) => void socket.write(ENDLESS),
    outcomes: ['cut', 504],
  },
  { title: 'talks another protocol', strike: (socket) => void socket.write('SSH-2.0-x\r\n'), outcomes: [502] },
  {
    title: 'sends a chunk without a size',
    strike: (socket) => void socket.write(`${CHUNKS}xyz\r\n`),
    outcomes: ['cut', 502],
  },
];

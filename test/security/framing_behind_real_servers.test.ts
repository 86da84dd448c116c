import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../http/self_signed.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { BROKEN, REFUSED, SMUGGLED, WARM, WHOLE } from '../support/vectors/framing.ts';
import { startWebServer, type WebServer } from '../support/web_server.ts';

/*
 * Request smuggling (CL.TE, TE.CL, CL.0, chunk extensions, …) needs two servers that read the same bytes differently: here the
 * second one is a real nginx and a real apache2, which hand on what they take for requests to a recording server. Over TLS as well,
 * where bytes come in other pieces. Either nothing comes through and the connection is closed, or exactly one request with its body.
 */

const setups = [
  { front: 'TLS', behind: 'a recording server' },
  { front: 'plain', behind: 'nginx' },
  { front: 'plain', behind: 'apache2' },
] as const;

describe.each(['full', 'fast'] as const)('through the %s lane', (via) => {
  describe.each(setups)('$front in front, $behind behind', ({ front, behind }) => {
    let app: RecordingUpstream;
    let server: WebServer | undefined;
    let lane: LaneServer;
    const tls = front === 'TLS';
    beforeAll(async () => {
      app = await startRecordingUpstream();
      if (behind !== 'a recording server') server = await startWebServer(behind, { does: 'proxy', port: app.port });
      const files = tls ? await makeSelfSigned() : undefined;
      lane = await startLaneServer({
        via,
        routes: [route('/*', server?.origin ?? app.origin, { auth: 'none' })],
        ...(files && { tls: { cert: await readFile(files.cert), key: await readFile(files.key) } }),
      });
      await files?.remove();
    });
    afterAll(async () => {
      await lane?.close();
      await server?.stop();
      await app?.close();
    });

    async function play(bytes: string, hangUp = false) {
      expect((await exchange(lane.port, WARM, 'GET', tls)).status).toBe(200);
      const before = app.requests.length;
      const client = rawClient(lane.port, tls);
      client.send(bytes);
      if (hangUp) client.socket.end();
      const answer = (await client.closed()).toString('latin1');
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
      return { statuses, arrived: app.requests.slice(before) };
    }

    it('what can be read in two ways is refused, and the connection closed', async () => {
      for (const [title, bytes] of Object.entries(REFUSED)) {
        const { statuses, arrived } = await play(bytes);
        expect(arrived, title).toEqual([]);
        expect(
          statuses.filter((status) => status !== 400),
          title,
        ).toEqual([]);
        expect(statuses.length, title).toBeLessThan(2);
      }
    });

    it('a body that breaks off never arrives as a complete request', async () => {
      for (const [title, bytes] of Object.entries(BROKEN)) expect((await play(bytes, true)).arrived, title).toEqual([]);
    });

    it('everything else is exactly one request, with exactly its body', async () => {
      for (const [title, bytes] of Object.entries(WHOLE)) {
        const { statuses, arrived } = await play(bytes);
        expect(statuses, title).toEqual([200]);
        expect(
          arrived.map(({ target, body }) => [target, body.toString('latin1')]),
          title,
        ).toEqual([['/x', SMUGGLED]]);
      }
      for (const { target } of app.requests) expect(target).toBe('/x');
      const count = [REFUSED, BROKEN, WHOLE].flatMap((cases) => Object.keys(cases)).length;
      measured({
        id: 'B1',
        what: `framing cases (${tls ? 'over TLS' : `before ${behind}`}, ${via} lane)`,
        count,
        max: 0,
        unit: 'smuggled',
      });
    });
  });
});

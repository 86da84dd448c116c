import { expect, it } from 'vitest';
import { frontProxy } from '../contract/front_proxy.ts';
import { startHaproxy } from '../support/front_proxy.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

frontProxy('haproxy', startHaproxy);

it('HAProxy lets nothing pass when the script itself fails', async () => {
  const upstream = await startRecordingUpstream();
  const broken = (text: string) => text.replace('txn.sf:pathq()', "error('no such thing')");
  const proxy = await startHaproxy({ gateway: 'http://127.0.0.1:9', app: upstream.origin, edit: broken });
  const answer = await fetch(`${proxy.origin}/status`);
  expect([answer.status, upstream.requests]).toEqual([503, []]);
  await expect.poll(() => proxy.output()).toContain('no such thing');
  await proxy.stop();
  await upstream.close();
});

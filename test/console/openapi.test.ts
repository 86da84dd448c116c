import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/admin/operations.ts';
import { describeApi } from '../../src/console/api/openapi.ts';
import { startConsole } from './console_under_test.ts';

describe('the description of the API', () => {
  it('is OpenAPI 3.1', async () => {
    const validator = new Validator();
    // The validator takes schemas apart that it was given: a copy for itself.
    const outcome = await validator.validate(structuredClone(describeApi(operations)));
    expect(outcome).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every operation, with its role and its problems', () => {
    // biome-ignore lint/suspicious/noExplicitAny: plain data
    const { paths } = describeApi(operations) as any;
    for (const { id, path, method, role, creates } of operations) {
      const described = paths[path][method.toLowerCase()];
      expect(described.operationId).toBe(id);
      expect(described.description).toContain(`\`${role}\``);
      expect(Object.keys(described.responses)).toContain(creates ? '201' : '200');
      expect(Object.keys(described.responses)).toContain('401');
      const named = [...path.matchAll(/\{(.+?)\}/g)].map(([, name]) => name);
      const inPath = described.parameters.filter((each: { in?: string }) => each.in === 'path');
      expect(inPath.map(({ name }: { name: string }) => name)).toEqual(named);
    }
    const ids = operations.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refers to nothing that is not there', () => {
    const api = describeApi(operations);
    const text = JSON.stringify(api);
    expect(text).not.toContain('$defs');
    for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = reference.split('/').reduce<unknown>((value, name) => Reflect.get(Object(value), name), api);
      expect(found, reference).toBeDefined();
    }
  });

  it('is served to anybody, because it says nothing of this gateway', async () => {
    const gate = await startConsole();
    const answer = await gate.call('GET', '/openapi.json', { as: '' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.body).toEqual(JSON.parse(JSON.stringify(describeApi(operations))));
  });

  it('is the one in docs/api/openapi.json: `node test/console/write_openapi.ts` writes it anew', async () => {
    const kept = JSON.parse(await readFile('docs/api/openapi.json', 'utf8'));
    expect(kept).toEqual(JSON.parse(JSON.stringify(describeApi(operations))));
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { variants } from '../../src/compose.ts';
import { jsonSchema } from '../../src/config/json_schema.ts';
import { configurationPage, keysWithoutExample } from './configuration_page.ts';

describe('docs/configuration.md', () => {
  it('is what the schema says; if not: npm run docs', async () => {
    expect(await readFile('docs/configuration.md', 'utf8')).toBe(configurationPage(jsonSchema(variants)));
  });

  it('says of every key what it means', () => {
    const page = configurationPage(jsonSchema(variants));
    expect(page.match(/^\| `.*\|\s+\|$/gm) ?? []).toEqual([]);
  });

  it('has an example for every key; if not, write one in test/docs/configuration_examples.ts', () => {
    expect(keysWithoutExample(jsonSchema(variants))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { Html, html } from '../../../src/http/pages/html.ts';

const VECTORS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '</title><svg/onload=alert(1)>',
  '--><script>alert(1)</script><!--',
  '&lt;script&gt;',
  '&#x3c;script&#x3e;',
  '<ScRiPt >alert(1)</sCrIpT >',
  '</textarea><script>alert(1)</script>',
  '\u0000<b>',
  '＜script＞',
];

describe('html', () => {
  it.each(VECTORS)('lets nothing out of its text: %j', (vector) => {
    const markup = html`<p title="${vector}">${vector}</p>`.toString();
    const inside = markup.slice('<p title="'.length, -'</p>'.length);
    // Apart from the one `">` of the template there is no character left that could end a tag, an attribute or an entity.
    expect(inside.replace('">', '')).not.toMatch(/[<>"']/);
    expect(inside.match(/&(?!amp;|lt;|gt;|quot;|#39;)/)).toBeNull();
  });

  it('escapes each of the five characters exactly once', () => {
    expect(html`${`&<>"'`}`.toString()).toBe('&amp;&lt;&gt;&quot;&#39;');
    expect(html`${html`${'&'}`}`.toString()).toBe('&amp;');
  });

  it('nests markup and lists, and leaves out what is absent', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>${undefined}${false}${7}`.toString()).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>7');
  });

  it('takes nothing that merely looks like markup for markup', () => {
    // A value read from JSON can have any shape, but never the class.
    const forged = JSON.parse('{"text":"<b>","toString":"<b>"}');
    expect(() => html`${forged}`).toThrow();
    expect(forged instanceof Html).toBe(false);
  });
});

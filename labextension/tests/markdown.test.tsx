import * as React from 'react';
import { expect, test } from 'vitest';

import { plain, safeUrl } from '../src/views/format';
import { Markdown } from '../src/views/Markdown';
import { show } from './views';

test('hostile markdown becomes text', async () => {
  const hostile = [
    '<script>window.pwned = 1</script>',
    '<img src=x onerror="window.pwned = 2">',
    '[a](javascript:window.pwned=3) [b](data:text/html,x) [c](  JaVaScRiPt:x) [d](//evil.invalid)',
    '![pixel](http://evil.invalid/p.png)',
    '<svg onload=window.pwned=4></svg><iframe srcdoc="<script>1</script>"></iframe>',
    '<style>body{display:none}</style>',
    '[e]: javascript:window.pwned=5\n\n[e]'
  ].join('\n\n');
  const root = await show(<Markdown text={hostile} />);
  expect(root.querySelector('script, img, svg, iframe, style, object, embed')).toBeNull();
  const links = [...root.querySelectorAll('a')].map(link => link.getAttribute('href'));
  expect(links).toEqual(['http://evil.invalid/p.png']);
  for (const element of root.querySelectorAll('*')) {
    for (const { name } of element.attributes) {
      expect(name).not.toMatch(/^on/);
    }
  }
  expect(root.textContent).toContain('<script>window.pwned = 1</script>');
});

test('markdown as people write it', async () => {
  const text = '# T\n\n**b** `c` [l](https://a.example)\n\n3. x\n4. y\n\n|a|b|\n|-|-|\n|1|2|\n';
  const root = await show(<Markdown text={text} />);
  expect(root.querySelector('[role=heading]')?.textContent).toBe('T');
  expect(root.querySelector('ol')?.getAttribute('start')).toBe('3');
  expect(root.querySelectorAll('td').length).toBe(2);
  expect(root.querySelector('a')?.rel).toContain('noopener');
});

test('money is no formula, and a formula without typesetter is its TeX', async () => {
  const root = await show(<Markdown text={'It costs $5 and $6, and $x^2$ is\n\n$$y$$\n'} />);
  expect([...root.querySelectorAll('.crater-Formula')].map(each => each.textContent)).toEqual([
    'x^2',
    'y'
  ]);
});

test('unclosed markup and endless nesting', async () => {
  const root = await show(<Markdown text={`${'> '.repeat(500)}x\n\n\`\`\`py\nnever closed`} />);
  expect(root.querySelector('pre')?.textContent).toBe('never closed');
});

test('a huge text is shown a page at a time', async () => {
  const root = await show(<Markdown text={'word '.repeat(60_000)} />);
  expect(root.textContent!.length).toBeLessThan(110_000);
  expect(root.querySelector('button')?.textContent).toContain('200000');
});

test('a growing block too long for a grammar keeps the pieces it has', async () => {
  const pieces = async (text: string) => {
    const root = await show(<Markdown text={text} />);
    return [...root.querySelectorAll('.crater-Markdown-plain > span')].map(e => e.textContent);
  };
  const text = `${'word '.repeat(5000)}${'x'.repeat(5000)}`;
  const before = await pieces(text);
  const grown = await pieces(`${text} and more`);
  expect(before.join('')).toBe(text);
  expect(grown.join('')).toBe(`${text} and more`);
  expect(Math.max(...before.map(piece => piece!.length))).toBeLessThanOrEqual(2001);
  expect(grown.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
});

test('urls', () => {
  expect(safeUrl('https://a.example/b')).toBe('https://a.example/b');
  for (const bad of ['javascript:1', 'java\nscript:1', '/relative', '//x', 'data:x', 'file:///x']) {
    expect(safeUrl(bad)).toBeNull();
  }
});

test('control characters are made visible', () => {
  expect(plain('a\u001b[31mb\u0007\u202ec\r\nd')).toBe('ab\ufffd\ufffdc\nd');
});

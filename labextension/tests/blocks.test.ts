import { expect, test } from 'vitest';

import { Blocks } from '../src/views/blocks';

/** Fed character by character, as a stream might. */
function streamed(text: string): string[] {
  const blocks = new Blocks();
  let last: string[] = [];
  for (let end = 1; end <= text.length; end++) {
    last = blocks.update(text.slice(0, end));
    expect(last.join('')).toBe(text.slice(0, end));
  }
  return last;
}

test('paragraphs are blocks, and nothing is lost', () => {
  expect(streamed('one\n\ntwo\n\nthree\n')).toEqual(['one\n\n', 'two\n\n', 'three\n']);
});

test('a fence, a formula and a loose list stay whole', () => {
  for (const whole of [
    '```python\na = 1\n\nb = 2\n```\n',
    '$$\na\n\nb\n$$\n',
    '1. one\n\n   more of one\n\n2. two\n'
  ]) {
    expect(streamed(`${whole}\nnext\n`)).toEqual([`${whole}\n`, 'next\n']);
  }
});

test('earlier blocks are the same strings while the text grows', () => {
  const blocks = new Blocks();
  const [first] = blocks.update('one\n\ntwo\n\nth');
  expect(blocks.update('one\n\ntwo\n\nthree')[0]).toBe(first);
});

test('another text starts anew', () => {
  const blocks = new Blocks();
  blocks.update('one\n\ntwo\n\n');
  expect(blocks.update('other')).toEqual(['other']);
});

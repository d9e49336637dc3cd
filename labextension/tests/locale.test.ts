/// <reference types="vite/client" />
/** Every text has its words in every language, and no language has words that nobody says. */
import ts from 'typescript';
import { afterEach, expect, test } from 'vitest';

import { language, loadWords, t, told, Words } from '../src/views/i18n';
import { ja } from '../src/views/locale/ja';
import { zhCN } from '../src/views/locale/zhCN';
import fromPython from './told.json';

const SOURCES = import.meta.glob<string>(['../src/**/*.{ts,tsx}', '!**/locale/**'], {
  query: '?raw',
  import: 'default',
  eager: true
});

/** The first argument of each call of `t` in the sources. */
function said(): Set<string> {
  const found = new Set<string>();
  for (const [name, text] of Object.entries(SOURCES)) {
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === 't') {
        const [first] = node.arguments;
        if (!ts.isStringLiteralLike(first)) {
          throw new Error(`${name}: t(${first.getText()}) is no literal: nobody can translate it`);
        }
        found.add(first.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  }
  return found;
}

const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

afterEach(() => {
  document.documentElement.lang = 'en';
});

test.each([
  ['ja', ja],
  ['zh-CN', zhCN]
])('%s is complete', (lang, words: Words) => {
  const keys = [...said(), ...fromPython].sort();
  expect(keys.length).toBeGreaterThan(280);
  const lacking = keys.filter(key => !words[key]?.trim());
  expect(lacking, `no words in ${lang} for: ${lacking.join(' | ')}`).toEqual([]);
  const known = new Set(keys);
  const left = Object.keys(words).filter(key => !known.has(key));
  expect(left, `nobody says in ${lang} any more: ${left.join(' | ')}`).toEqual([]);
  for (const [english, text] of Object.entries(words)) {
    expect([english, holes(text)]).toEqual([english, holes(english)]);
  }
});

test.each([
  ['ja', ja],
  ['zh-CN', zhCN]
])('what Python fills in is found again in %s', async (lang, words: Words) => {
  document.documentElement.lang = lang;
  await loadWords({ ja: () => Promise.resolve(ja), 'zh-CN': () => Promise.resolve(zhCN) });
  const fill = (text: string) => text.replace(/\{(\d)\}/g, (_, n: string) => `L4 ${n}.5 $&`);
  for (const english of fromPython) {
    expect(told(fill(english))).toBe(fill(words[english]));
  }
  expect(told('constructor')).toBe('constructor');
  expect(told('Use me.\nOr not')).toBe(fill(words['Use {1}']).replace('L4 1.5 $&', 'me.\nOr not'));
});

test('a sentence in a sentence is told, too; a name or a value is none', async () => {
  document.documentElement.lang = 'zh-CN';
  await loadWords({ ja: () => Promise.resolve(ja), 'zh-CN': () => Promise.resolve(zhCN) });
  expect(told('Starting again (the last try) after: The vLLM server was killed by signal 9.')).toBe(
    '正在重新启动（最后一次尝试），原因：vLLM 服务器 被信号 9 终止。'
  );
  expect(
    told(
      'None of 12 nodes has room now: 8 with too few free GPUs (nvidia.com/gpu); 4 being drained.'
    )
  ).toBe('12 个节点目前都没有空位：8 个空闲 GPU 不足（nvidia.com/gpu）; 4 个正在排空。');
  expect(told('The engine is at Log now.')).toBe('引擎现在位于 Log。');
});

test('texts follow the language of the page', async () => {
  const from = { ja: () => Promise.resolve(ja), 'zh-CN': () => Promise.resolve(zhCN) };
  document.documentElement.lang = 'ja-JP';
  expect(language()).toBe('ja');
  await loadWords(from);
  expect(t('Jobs')).toBe('ジョブ');
  expect(t('{name} serves', { name: 'r1' })).toContain('r1');
  document.documentElement.lang = 'zh-CN';
  await loadWords(from);
  expect(t('Jobs')).toBe('作业');
  document.documentElement.lang = 'fr-FR';
  await loadWords(from);
  expect(t('Jobs')).toBe('Jobs');
});

test('a dictionary that can’t be had leaves the page English', async () => {
  document.documentElement.lang = 'ja';
  await loadWords({
    ja: () => Promise.reject(new Error('offline')),
    'zh-CN': () => Promise.resolve(zhCN)
  });
  expect(t('Jobs')).toBe('Jobs');
});

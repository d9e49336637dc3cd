import * as React from 'react';
import { expect, test, vi } from 'vitest';

import { withRate } from '../src/views/Figures';
import { loadWords } from '../src/views/i18n';
import { JobView } from '../src/views/JobView';
import { ja } from '../src/views/locale/ja';
import { zhCN } from '../src/views/locale/zhCN';
import { FakeTransport, STATUS } from './fixtures';
import { after, button, show } from './views';

const FAILED = { ...STATUS, phase: 'failed', reason: 'bf16', message: 'It failed.' };
const ANSWER = {
  schema: 1,
  values: { dtype: 'bfloat16' },
  diagnoses: [
    {
      id: 'bfloat16-unsupported',
      title: 'This GPU can’t do bfloat16',
      confidence: 'high',
      evidence: [{ task: 'head', time: 1, line: 'ValueError: <img src=x onerror=alert(1)>' }],
      explanation: 'bfloat16 needs compute capability 8.0.',
      fixes: [
        { label: 'compute in float16', set: { dtype: 'half' } },
        { label: 'use a newer GPU', set: {} }
      ],
      links: []
    },
    { id: 'engine-died', title: 'It died', confidence: 'odd', fixes: null }
  ]
};

test('a failed job shows why, likeliest first, and its log lines are inert', async () => {
  const transport = new FakeTransport({ 'job.get': () => FAILED, 'job.diagnose': () => ANSWER });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  const cards = [...root.querySelectorAll<HTMLDetailsElement>('details.crater-Diagnosis')];
  expect(cards.map(card => [card.dataset.id, card.open])).toEqual([
    ['bfloat16-unsupported', true],
    ['engine-died', false]
  ]);
  expect(root.textContent).toContain('head: ValueError: <img');
  expect(root.querySelector('img')).toBeNull();
});

test('a fix says what changes, asks, and starts the next attempt', async () => {
  const transport = new FakeTransport({
    'job.get': () => FAILED,
    'job.diagnose': () => ANSWER,
    'job.relaunch': () => ({ name: 'r1', backend: 'local' })
  });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  await after(() => button(root, 'Apply and relaunch').click());
  expect(root.textContent).toContain('dtype: bfloat16 → half');
  await after(() => button(root, 'Apply and relaunch').click());
  expect(transport.calls.filter(([method]) => method === 'job.relaunch')).toEqual([
    ['job.relaunch', { name: 'r1', backend: 'local', values: { dtype: 'half' } }]
  ]);
});

test('a card speaks the page’s language; evidence, ids and settings stay', async () => {
  document.documentElement.lang = 'zh-CN';
  await loadWords({ ja: () => Promise.resolve(ja), 'zh-CN': () => Promise.resolve(zhCN) });
  const card = {
    id: 'max-model-len',
    title: 'max_model_len is longer than the model knows',
    confidence: 'high',
    evidence: [{ task: 'head', time: 1, line: 'another port' }],
    explanation: "The model's config.json says for how many positions it was made.",
    fixes: [
      { label: "the model's own 2048 tokens", set: { max_model_len: 2048 } },
      { label: 'leave more of the GPU free (now 0.9) [gpu_memory_utilization = 0.85]', set: {} },
      { label: 'leave --task out (instead: --runner [pooling])', set: {} },
      { label: 'a rule of tomorrow', set: {} }
    ]
  };
  const transport = new FakeTransport({
    'job.get': () => FAILED,
    'job.diagnose': () => ({ schema: 1, values: {}, diagnoses: [card] })
  });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  const shown = root.querySelector<HTMLElement>('.crater-Diagnosis')!;
  expect(shown.dataset.id).toBe('max-model-len');
  expect(shown.querySelector('summary')!.textContent).toBe('max_model_len 超过模型支持的长度 确定');
  expect(shown.querySelector('p')!.textContent).toContain('config.json 给出了');
  expect(shown.querySelector('pre')!.textContent).toBe('head: another port');
  expect([...shown.querySelectorAll('li')].map(each => each.firstChild!.textContent)).toEqual([
    '模型自身的 2048 个 token',
    '为 GPU 留出更多空闲显存（当前为 0.9） [gpu_memory_utilization = 0.85]',
    '去掉 --task（改用：--runner [pooling]）',
    'a rule of tomorrow'
  ]);
  document.documentElement.lang = 'en';
  await loadWords({ ja: () => Promise.resolve(ja), 'zh-CN': () => Promise.resolve(zhCN) });
});

test('the report goes to the clipboard', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  const transport = new FakeTransport({
    'job.get': () => FAILED,
    'job.diagnose': () => ANSWER,
    'job.report': () => ({ text: 'the report' })
  });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  await after(() => button(root, 'Copy report').click());
  await after(() => undefined);
  expect(writeText).toHaveBeenCalledWith('the report');
  vi.unstubAllGlobals();
});

test('the engine’s figures stand in a serving job', async () => {
  const metrics = { running: 2, waiting: 1, kv_use: 0.25, ttft: 0.5, generation_tokens: 10 };
  const transport = new FakeTransport({ 'job.get': () => ({ ...STATUS, metrics }) });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  const shown = root.querySelector('.crater-Figures')!.textContent;
  for (const words of ['Running2', 'Waiting1', '25 %', '0.50 s']) {
    expect(shown).toContain(words);
  }
  expect(root.querySelectorAll('.crater-Sparkline').length).toBe(5);
});

test('tokens a second come from two answers, and a new engine counts from zero', () => {
  const first = withRate({ generation_tokens: 100 }, undefined, 1000);
  expect(first.rate).toBeUndefined();
  expect(withRate({ generation_tokens: 150 }, first, 3000).rate).toBe(25);
  expect(withRate({ generation_tokens: 5 }, first, 3000).rate).toBeUndefined();
});

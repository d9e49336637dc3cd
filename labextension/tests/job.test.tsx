import * as React from 'react';
import { expect, test } from 'vitest';

import { readPlan, readStatus } from '../src/model';
import { JobView } from '../src/views/JobView';
import { KEPT, LogBuffer } from '../src/views/logbuffer';
import { FakeTransport, STATUS } from './fixtures';
import { after, button, show } from './views';

test('a job: addresses, timeline, tasks, rehearsal', async () => {
  const transport = new FakeTransport({ 'job.get': () => STATUS });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  for (const words of ['10.0.0.5', 'http://127.0.0.1:4000', '4.5 s', 'worker-1', 'Rehearsal']) {
    expect(root.textContent).toContain(words);
  }
});

test('what is left is told, and a silence longer than usual', async () => {
  const status = {
    ...STATUS,
    phase: 'starting-engine',
    timeline: [{ phase: 'starting-engine', started: Date.now() / 1000, ended: null, detail: '' }],
    forecast: { low: 12, high: 40, source: '3 earlier starts', late: null as string | null }
  };
  const transport = new FakeTransport({ 'job.get': () => status });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  expect(root.textContent).toContain('serving in about 12 s – 40 s (3 earlier starts)');
  expect(root.querySelector('.crater-mod-warning')).toBeNull();
  const late = { ...status, forecast: { low: null, high: null, source: '', late: 'Nothing new' } };
  const other = new FakeTransport({ 'job.get': () => late });
  const second = await show(<JobView name="r1" backend="local" transport={other} />);
  expect(second.querySelector('.crater-mod-warning')?.textContent).toBe('Nothing new');
});

test('a chat is of its backend, and outlives a look at another tab', async () => {
  const transport = new FakeTransport(
    { 'job.get': () => STATUS },
    { 'chat.send': [{ turn: { role: 'assistant', text: 'heavy things' } }] }
  );
  const root = await show(
    <JobView name="r1" backend="kubernetes" transport={transport} tab="chat" />
  );
  const area = root.querySelector('textarea')!;
  await after(() => {
    area.value = 'What is gravity?';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await after(() => button(root, 'Send').click());
  expect(transport.calls.find(([method]) => method === 'chat.send')?.[1]).toMatchObject({
    name: 'r1',
    backend: 'kubernetes'
  });
  await after(() => button(root, 'Overview').click());
  expect(root.textContent).not.toContain('heavy things');
  await after(() => button(root, 'Chat').click());
  expect(root.textContent).toContain('heavy things');
});

test('stop and delete ask first', async () => {
  const transport = new FakeTransport({ 'job.get': () => STATUS, 'job.stop': () => undefined });
  const root = await show(<JobView name="r1" backend="local" transport={transport} />);
  const asked = () => transport.calls.filter(([method]) => method === 'job.stop').length;
  await after(() => button(root, 'Stop').click());
  await after(() => button(root, 'Keep').click());
  expect(asked()).toBe(0);
  await after(() => button(root, 'Stop').click());
  await after(() => button(root, 'Stop').click());
  expect(asked()).toBe(1);
});

test('the chat stays while another tab is looked at', async () => {
  const turn = { role: 'assistant', text: 'Four.', thinking: '', ttft: 0.1 };
  const transport = new FakeTransport(
    { 'job.get': () => ({ ...STATUS, phase: 'serving' }) },
    { 'chat.send': [{ text: 'Four.' }, { turn }] }
  );
  const root = await show(<JobView name="r1" backend="local" tab="chat" transport={transport} />);
  const area = root.querySelector<HTMLTextAreaElement>('.crater-Composer textarea')!;
  await after(() => {
    area.value = '2+2?';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await after(() => button(root, 'Send').click());
  expect(root.textContent).toContain('Four.');
  await after(() => button(root, 'Overview').click());
  expect(root.textContent).not.toContain('Four.');
  await after(() => button(root, 'Chat').click());
  expect(root.textContent).toContain('2+2?');
  expect(root.textContent).toContain('Four.');
  // The job of this backend, not one of its name elsewhere.
  expect(transport.calls.find(([method]) => method === 'chat.send')?.[1]).toMatchObject({
    name: 'r1',
    backend: 'local'
  });
});

test('a snapshot stands where the far side is silent', async () => {
  const root = await show(
    <JobView name="r1" backend="local" snapshot={STATUS} transport={new FakeTransport()} />
  );
  expect(root.textContent).toContain('10.0.0.5');
  expect(root.textContent).toContain('Not live');
});

test('what an untrusted notebook holds can be anything', async () => {
  const odd = { tasks: 'x', timeline: [null, 3], url: 'javascript:1', rehearsal: {}, phase: 7 };
  const root = await show(
    <JobView name="r1" backend="" snapshot={odd} transport={new FakeTransport()} />
  );
  expect(root.querySelector('a[href^="javascript"]')).toBeNull();
  expect(readStatus(null).phase).toBe('unknown');
  expect(readPlan('x').per_gpu).toEqual([]);
});

test('the log keeps so many lines, counts the rest and filters as it grows', () => {
  const log = new LogBuffer();
  const line = (number: number) => ({ task: 'head', index: 0, text: `line ${number}` });
  log.filter('LINE 7', '');
  for (let batch = 0; batch < 60; batch++) {
    log.append({
      lines: Array.from({ length: 2000 }, (_, n) => line(batch * 2000 + n)),
      dropped: 1
    });
  }
  expect(log.lines.length).toBeLessThanOrEqual(KEPT);
  expect(log.lines.length + log.forgotten).toBe(120_000);
  expect(log.dropped).toBe(60);
  expect(log.shown.every(each => each.text.includes('line 7'))).toBe(true);
  expect(log.shown.at(-1)?.text).toBe('line 79999');
  log.filter('', 'worker');
  expect(log.shown).toEqual([]);
});

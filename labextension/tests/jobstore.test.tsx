import * as React from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import { readCapacity } from '../src/views/Capacity';
import { JobList } from '../src/views/JobList';
import { JobStore } from '../src/views/jobstore';
import { CraterError } from '../src/views/transport';
import { FakeTransport, STATUS } from './fixtures';
import { after, settle, show } from './views';

let store: JobStore | null = null;
afterEach(() => {
  store?.dispose();
  vi.useRealTimers();
});

function jobs(...names: string[]) {
  return { jobs: names.map(name => ({ ...STATUS, name })) };
}

test('jobs are kept by backend, and one backend’s failure is its own', async () => {
  const transport = new FakeTransport({
    'templates.list': () => ({ backends: ['kubernetes', 'local'] }),
    'jobs.list': ({ backend }) => {
      if (backend === 'kubernetes') {
        throw new CraterError('no cluster', 'BackendUnavailable');
      }
      return jobs('r1');
    }
  });
  store = new JobStore(transport);
  await settle();
  expect(
    store.groups?.map(group => [group.backend, group.error?.message, group.jobs.length])
  ).toEqual([
    ['kubernetes', 'no cluster', 0],
    ['local', undefined, 1]
  ]);
  const root = await show(<JobList store={store} onOpen={() => undefined} />);
  expect(root.textContent).toContain('no cluster');
  expect(root.querySelector('[data-name=r1]')?.textContent).toContain('10.0.0.5');
});

test('an event asks for its job only; one of a job that is gone removes it', async () => {
  let gone = false;
  const transport = new FakeTransport({
    'templates.list': () => ({ backends: ['local'] }),
    'jobs.list': () => jobs('a', 'b'),
    'job.get': ({ name }) => {
      if (gone) {
        throw new CraterError('gone', 'JobNotFound');
      }
      return { ...STATUS, name, phase: 'failed' };
    }
  });
  store = new JobStore(transport);
  const told: unknown[] = [];
  store.onPhase((job, before) => told.push([job.name, before, job.phase]));
  await settle();
  transport.calls = [];
  transport.topics.publish('jobs', {
    backend: 'local',
    name: 'b',
    change: 'phase',
    phase: 'failed'
  });
  await settle(150);
  expect(transport.calls).toEqual([['job.get', { backend: 'local', name: 'b' }]]);
  expect(told).toEqual([['b', 'serving', 'failed']]);
  transport.topics.publish('jobs', { backend: 'local', name: 'new', change: 'created' });
  await settle(150);
  expect(store.jobs.map(job => job.name)).toEqual(['new', 'a', 'b']);
  gone = true;
  transport.topics.publish('jobs', { backend: 'local', name: 'b', change: 'deleted' });
  await settle(150);
  expect(store.jobs.map(job => job.name)).toEqual(['new', 'a']);
});

test('without events it looks every second while watched, with them twice a minute', async () => {
  vi.useFakeTimers();
  const transport = new FakeTransport({
    'templates.list': () => ({ backends: ['local'] }),
    'jobs.list': () => jobs('a'),
    'job.get': () => ({ ...STATUS, name: 'a' })
  });
  const looks = () => transport.calls.filter(([method]) => method === 'jobs.list').length;
  store = new JobStore(transport);
  await vi.advanceTimersByTimeAsync(0);
  const off = store.watch();
  await vi.advanceTimersByTimeAsync(4500);
  expect(looks()).toBeGreaterThanOrEqual(4);
  transport.topics.publish('jobs', { backend: 'local', name: 'a' });
  await vi.advanceTimersByTimeAsync(2000);
  const before = looks();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(looks()).toBe(before);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(looks()).toBe(before + 1);
  off();
});

test('of many jobs only those that are seen are drawn, and keys walk through all', async () => {
  const names = Array.from({ length: 500 }, (_, n) => `job-${n}`);
  const transport = new FakeTransport({
    'templates.list': () => ({ backends: ['local'] }),
    'jobs.list': () => jobs(...names)
  });
  store = new JobStore(transport);
  await settle();
  const opened: string[] = [];
  const root = await show(<JobList store={store} onOpen={job => opened.push(job.name)} />);
  expect(root.querySelectorAll('.crater-JobRow').length).toBeLessThan(40);
  const box = root.querySelector('.crater-JobList-box')!;
  await after(() => {
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
  });
  expect(document.activeElement?.textContent).toBe('job-499');
  await after(() => (document.activeElement as HTMLElement).click());
  expect(opened).toEqual(['job-499']);
});

test('capacity of any shape is read with care', () => {
  expect(readCapacity({ capacity: null })).toBeNull();
  const odd = readCapacity({ capacity: { gpus: [{ gpu: 'V100', total: 8, free: null }, 3] } });
  expect(odd?.gpus).toEqual([
    { name: 'V100', total: 8, free: null },
    { name: '', total: null, free: null }
  ]);
});

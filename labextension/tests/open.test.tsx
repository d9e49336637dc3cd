import * as React from 'react';
import { expect, test, vi } from 'vitest';

import { JobView } from '../src/views/JobView';
import { FakeTransport, STATUS } from './fixtures';
import { after, button, show } from './views';

const PAGE = {
  ...STATUS,
  phase: 'serving',
  template: 'open-webui',
  url: 'http://127.0.0.1:4000' as string | null,
  api_url: null,
  endpoints: [{ name: 'web', port: 4000, url: 'http://127.0.0.1:4000' }]
};

test('a page opens by a one-time address, asked for when clicked', async () => {
  const tab = { location: { href: '' }, opener: 'us' as unknown, close: vi.fn() };
  const open = vi.spyOn(window, 'open').mockReturnValue(tab as unknown as Window);
  const link = 'http://127.0.0.1:5000/once';
  const transport = new FakeTransport({ 'job.get': () => PAGE, 'job.link': () => ({ url: link }) });
  const root = await show(<JobView name="chat" backend="local" transport={transport} />);
  expect(root.querySelector('a[href="http://127.0.0.1:4000"]')).toBeNull();
  await after(() => button(root, 'Open, signed in').click());
  expect(tab.location.href).toBe(link);
  expect(tab.opener).toBeNull();
  open.mockRestore();
});

test('what is no web address is not opened', async () => {
  const tab = { location: { href: '' }, opener: null, close: vi.fn() };
  const open = vi.spyOn(window, 'open').mockReturnValue(tab as unknown as Window);
  const answers = { 'job.get': () => PAGE, 'job.link': () => ({ url: 'javascript:alert(1)' }) };
  const transport = new FakeTransport(answers);
  const root = await show(<JobView name="chat" backend="local" transport={transport} />);
  await after(() => button(root, 'Open, signed in').click());
  expect(tab.location.href).toBe('');
  expect(tab.close).toHaveBeenCalled();
  open.mockRestore();
});

test('a page behind an ingress opens as it is, and where its account is to be had is told', async () => {
  const url = 'https://chat.example';
  const job = { ...PAGE, name: 'chat', url, endpoints: [{ name: 'web', port: 8080, url }] };
  const transport = new FakeTransport({ 'job.get': () => job });
  const root = await show(<JobView name="chat" backend="kubernetes" transport={transport} />);
  expect([...root.querySelectorAll('button')].map(b => b.textContent)).not.toContain(
    'Open, signed in'
  );
  button(root, 'Open');
  expect(root.textContent).toContain('jupyter crater key chat');
});

test('a page whose forward is not made yet opens by the click', async () => {
  const tab = { location: { href: '' }, opener: null, close: vi.fn() };
  const open = vi.spyOn(window, 'open').mockReturnValue(tab as unknown as Window);
  const job = { ...PAGE, url: null, endpoints: [{ name: 'web', port: 8080, url: null }] };
  const answers = { 'job.get': () => job, 'job.link': () => ({ url: 'http://127.0.0.1:5/x' }) };
  const transport = new FakeTransport(answers);
  const root = await show(<JobView name="chat" backend="kubernetes" transport={transport} />);
  await after(() => button(root, 'Open, signed in').click());
  expect(tab.location.href).toBe('http://127.0.0.1:5/x');
  open.mockRestore();
});

test('a browser on another machine than Jupyter gets no link to 127.0.0.1', async () => {
  vi.stubGlobal('location', new URL('https://gpu-box.example:8888/lab'));
  const tab = { location: { href: '' }, opener: null, close: vi.fn() };
  const open = vi.spyOn(window, 'open').mockReturnValue(tab as unknown as Window);
  const words = 'it listens on the machine of Jupyter';
  const transport = new FakeTransport({ 'job.get': () => PAGE });
  const root = await show(<JobView name="chat" backend="local" transport={transport} />);
  expect(root.querySelector('[role=alert]')?.textContent).toContain(words);

  const job = { ...PAGE, url: null, endpoints: [{ name: 'web', port: 8080, url: null }] };
  const answers = { 'job.get': () => job, 'job.link': () => ({ url: 'http://127.0.0.1:5/x' }) };
  const later = await show(
    <JobView name="chat" backend="kubernetes" transport={new FakeTransport(answers)} />
  );
  await after(() => button(later, 'Open, signed in').click());
  expect(later.querySelector('[role=alert]')?.textContent).toContain(words);
  expect(tab.location.href).toBe('');
  expect(tab.close).toHaveBeenCalled();
  open.mockRestore();
  vi.unstubAllGlobals();
});

test('an engine’s address is a link only where the browser gets there', async () => {
  const url = 'http://127.0.0.1:4000';
  const shown = (given: string | null, more: object = {}) =>
    show(
      <JobView
        name="r1"
        backend="local"
        transport={new FakeTransport({ 'job.get': () => ({ ...STATUS, url: given, ...more }) })}
      />
    );
  expect((await shown(url)).querySelector(`a[href="${url}"]`)).not.toBeNull();
  vi.stubGlobal('location', new URL('https://gpu-box.example:8888/lab'));
  const away = await shown(url);
  expect(away.querySelector('a')).toBeNull();
  expect(away.textContent).toContain('it listens on the machine of Jupyter');
  const route = '/user/ana/crater/jobs/r1/forward@local';
  expect((await shown(route)).querySelector(`a[href="${route}"]`)).not.toBeNull();
  expect((await shown('http://[')).textContent).toContain('http://[');
  vi.unstubAllGlobals();
  const off = await shown(null, { phase: 'serving', reason: 'no-route', message: 'No way.' });
  expect(off.querySelector('.crater-Addresses')?.textContent).toContain('URL(none)');
});

test('without a route there is no link and no button, but the reason', async () => {
  const endpoints = [{ name: 'web', port: 4000, url: null }];
  const away = { ...PAGE, url: null, endpoints, reason: 'no-route', message: 'No way there.' };
  const transport = new FakeTransport({ 'job.get': () => away });
  const root = await show(<JobView name="chat" backend="local" transport={transport} />);
  expect(root.textContent).toContain('No way there.');
  expect([...root.querySelectorAll('button')].map(b => b.textContent)).not.toContain(
    'Open, signed in'
  );
  expect(root.querySelector('a')).toBeNull();
});

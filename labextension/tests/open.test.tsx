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

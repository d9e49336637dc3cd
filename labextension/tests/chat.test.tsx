import * as React from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import { Chat } from '../src/views/Chat';
import { PageSession, readTurn, userTurn } from '../src/views/session';
import { FakeTransport } from './fixtures';
import { after, button, show } from './views';

const TURN = {
  role: 'assistant',
  text: 'Four.',
  thinking: 'Hm.',
  thinking_seconds: 1.5,
  ttft: 0.25,
  tokens_per_second: 40,
  prompt_tokens: 9,
  completion_tokens: 3,
  omitted: 2
};

async function open() {
  const transport = new FakeTransport({}, { 'chat.send': [{ text: 'Four.' }, { turn: TURN }] });
  const root = await show(
    <Chat name="r1" session={new PageSession({ name: 'r1', backend: 'kubernetes' }, transport)} />
  );
  return { root, sent: () => transport.calls.map(([, params]) => params as never) };
}

async function fill(root: HTMLElement, selector: string, value: string) {
  const field = root.querySelector<HTMLInputElement>(selector)!;
  await after(() => {
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

async function ask(root: HTMLElement, text: string) {
  await fill(root, '.crater-Composer textarea', text);
  await after(() => button(root, 'Send').click());
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('an answer tells its times and counts, and what was not sent', async () => {
  const { root } = await open();
  await ask(root, '2+2?');
  for (const words of [
    'first token after 0.3 s · 40 tokens/s · 9 + 3 tokens',
    'Thought for 1.5 s',
    '2 older messages were not sent'
  ]) {
    expect(root.textContent).toContain(words);
  }
});

test('what is set goes with the question, empty fields and wrong ones do not', async () => {
  const { root, sent } = await open();
  await after(() => button(root, 'Settings').click());
  await fill(root, '.crater-ChatSettings textarea', 'Be short.');
  const fields = root.querySelectorAll('.crater-ChatSettings input');
  const values = ['0.5', '7', '', '42'];
  expect(fields.length).toBe(values.length);
  for (const [index, value] of values.entries()) {
    await fill(root, `.crater-Field:nth-of-type(${index + 2}) input`, value);
  }
  expect(root.textContent).toContain('a number from 0 to 1');
  await ask(root, '2+2?');
  expect(sent()[0]).toMatchObject({
    settings: { system: 'Be short.', temperature: 0.5, top_p: null, max_tokens: null, seed: 42 }
  });
});

test('regenerate asks the same again, without the answer', async () => {
  const { root, sent } = await open();
  await ask(root, '2+2?');
  await ask(root, 'sure?');
  const again = [...root.querySelectorAll('button')].filter(b => b.textContent === 'Regenerate');
  await after(() => again[0].click());
  expect(sent()[2]).toMatchObject({ text: '2+2?', turns: [] });
  expect(root.querySelectorAll('.crater-Turn').length).toBe(2);
});

test('an answer, the chat and its file hold no thinking', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  const files: Blob[] = [];
  vi.stubGlobal(
    'URL',
    Object.assign(URL, {
      createObjectURL: (file: Blob) => {
        files.push(file);
        return 'blob:x';
      },
      revokeObjectURL: () => undefined
    })
  );
  const saved = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
  const { root } = await open();
  await ask(root, '2+2?');
  await after(() => button(root, 'Copy the answer').click());
  expect(writeText).toHaveBeenCalledWith('Four.');
  await after(() => button(root, 'Copy the chat').click());
  const chat = '**User**\n\n2+2?\n\n---\n\n**Assistant**\n\nFour.\n';
  expect(writeText).toHaveBeenLastCalledWith(chat);
  await after(() => button(root, 'Export').click());
  expect(saved.mock.contexts.map(link => (link as HTMLAnchorElement).download)).toEqual([
    'r1-chat.md'
  ]);
  expect(files[0].size).toBe(chat.length);
  await after(() => button(root, 'Clear').click());
  expect(root.querySelectorAll('.crater-Turn').length).toBe(0);
});

test('the end of an answer draws its text no second time', async () => {
  const transport = new FakeTransport();
  let end = () => undefined as void;
  transport.stream = async (_method, _params, onItem) => {
    onItem({ text: 'Four.' });
    await new Promise<void>(resolve => (end = resolve));
    onItem({ turn: TURN });
  };
  const root = await show(<Chat name="r1" session={new PageSession('r1', transport)} />);
  await ask(root, '2+2?');
  const drawn = root.querySelector('.crater-mod-live .crater-Markdown p');
  expect(drawn?.textContent).toBe('Four.');
  await after(() => end());
  expect(root.querySelector('.crater-mod-live')).toBeNull();
  expect(root.querySelector('.crater-Turn-stats')?.textContent).toContain('40 tokens/s');
  expect(root.querySelectorAll('.crater-Markdown p').length).toBe(1);
  expect(root.querySelector('.crater-Markdown p')).toBe(drawn);
});

test('a turn cannot be edited or asked again while an answer is under way', async () => {
  const { root } = await open();
  await ask(root, '2+2?');
  const actions = () =>
    [...root.querySelectorAll('button')].filter(b => /Edit|Regenerate/.test(b.textContent ?? ''));
  expect(actions().map(b => b.disabled)).toEqual([false, false]);
  const session = new PageSession('r1', new FakeTransport());
  session.turns = [userTurn('2+2?'), readTurn(TURN)];
  session.live = { text: '', thinking: '', started: 0, answered: null };
  const busy = await show(<Chat name="r1" session={session} />);
  const disabled = [...busy.querySelectorAll('button')].filter(b => b.disabled);
  expect(disabled.map(b => b.textContent)).toEqual(['Clear', 'Edit', 'Regenerate']);
});

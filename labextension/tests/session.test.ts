import { expect, test } from 'vitest';

import { NO_SETTINGS, PageSession, readTurns } from '../src/views/session';
import { CraterError } from '../src/views/transport';
import { FakeTransport } from './fixtures';

const TURN = { role: 'assistant', text: 'Four.', thinking: 'Hm.', ttft: 0.1 };

test('a page keeps its own turns and sends them', async () => {
  const transport = new FakeTransport(
    {},
    { 'chat.send': [{ text: 'Hm.' }, { retract: true }, { text: 'Four.' }, { turn: TURN }] }
  );
  const session = new PageSession({ name: 'r1', backend: 'kubernetes' }, transport);
  const seen: string[] = [];
  session.onChange(() => {
    seen.push(`${session.live?.thinking ?? ''}|${session.live?.text ?? ''}`);
  });
  await session.send('2+2?', 0);
  expect(seen).toContain('Hm.|Four.');
  expect(session.live).toBeNull();
  expect(session.turns.map(turn => turn.text)).toEqual(['2+2?', 'Four.']);
  await session.send('sure?', 2);
  expect(transport.calls[1][1]).toMatchObject({
    name: 'r1',
    backend: 'kubernetes',
    text: 'sure?',
    settings: NO_SETTINGS,
    turns: [{ text: '2+2?' }, { text: 'Four.' }]
  });
  // Edited: what came after is gone.
  await session.send('3+3?', 0);
  expect(session.turns.map(turn => turn.text)).toEqual(['3+3?', 'Four.']);
});

test('a stopped answer keeps what had come', async () => {
  const transport = new FakeTransport({}, { 'chat.send': [{ text: 'It ' }, { text: 'is ' }] });
  const session = new PageSession({ name: 'r1', backend: 'kubernetes' }, transport);
  session.onChange(() => session.live?.text === 'It ' && session.stop());
  await session.send('x', 0);
  expect(session.turns[1]).toMatchObject({ text: 'It ', stopped: true });
});

test('a turn that did not change is the same object', () => {
  const before = readTurns([{ role: 'user', text: '2+2?' }, TURN], []);
  const now = readTurns([{ role: 'user', text: '2+2?' }, { ...TURN, text: 'Five.' }, TURN], before);
  expect(now[0]).toBe(before[0]);
  expect(now[1]).not.toBe(before[1]);
  expect(now.map(turn => turn.text)).toEqual(['2+2?', 'Five.', 'Four.']);
});

test('an error is part of the answer', async () => {
  const transport = new FakeTransport();
  transport.stream = () =>
    Promise.reject(new CraterError('gone', 'BackendUnavailable', 'try again'));
  const session = new PageSession({ name: 'r1', backend: 'kubernetes' }, transport);
  await session.send('x', 0);
  expect(session.turns[1].error).toEqual({
    error: 'BackendUnavailable',
    message: 'gone',
    hint: 'try again'
  });
});

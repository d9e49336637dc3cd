import { afterEach, expect, test, vi } from 'vitest';

import { list, record } from '../src/model';
import { PatientTransport } from '../src/patient';
import { RestTransport } from '../src/rest';
import { CommTransport, IModel, PATIENCE } from '../src/widgets/comm';
import { CommSession } from '../src/widgets/session';

class Model implements IModel {
  sent: Record<string, unknown>[] = [];
  receive: (message: unknown) => void = () => undefined;
  gone = false;
  get = () => undefined;
  set = () => undefined;
  save_changes = () => undefined;
  off = () => undefined;
  on(_event: string, callback: (...args: never[]) => void) {
    this.receive = callback as (message: unknown) => void;
  }
  send(message: unknown) {
    if (this.gone) {
      throw new Error('Cannot send');
    }
    this.sent.push(message as Record<string, unknown>);
  }
}

afterEach(() => {
  vi.useRealTimers();
});

test('a request, its acknowledgement and its answer', async () => {
  const model = new Model();
  const transport = new CommTransport(model);
  const answer = transport.request('job.get', { name: 'r1' });
  const { request } = model.sent[0];
  model.receive({ request: 'of another view', result: 1 });
  model.receive({ request, ack: true });
  model.receive({ request, result: 2 });
  expect(await answer).toBe(2);
  const failed = transport.request('job.get', {});
  model.receive({
    request: model.sent[1].request,
    error: { error: 'JobNotFound', message: 'no', hint: 'look' }
  });
  await expect(failed).rejects.toMatchObject({ kind: 'JobNotFound', message: 'no', hint: 'look' });
});

test('the kernel hears that a question is being written, once for each or every few seconds', () => {
  vi.useFakeTimers();
  const model = new Model();
  const session = new CommSession(model, new CommTransport(model));
  const begun = () => model.sent.filter(({ method }) => method === 'chat.begun').length;
  session.begun();
  session.begun();
  expect(begun()).toBe(1);
  expect(model.sent[0]).not.toHaveProperty('request');
  vi.advanceTimersByTime(6000);
  session.begun();
  expect(begun()).toBe(2);
  void session.send('2+2?', 0);
  session.begun();
  expect(begun()).toBe(3);
  session.dispose();
});

test('an aborted stream is cancelled at the far side and ends quietly', async () => {
  const model = new Model();
  const transport = new CommTransport(model);
  const abort = new AbortController();
  const items: unknown[] = [];
  const done = transport.stream('job.log', {}, item => items.push(item), abort.signal);
  const { request } = model.sent[0];
  model.receive({ request, items: [1, 2] });
  abort.abort();
  await done;
  model.receive({ request, items: [3] });
  expect(items).toEqual([1, 2]);
  expect(model.sent[1]).toEqual({ cancel: request });
});

test('silence is called busy, and a sign of life ends it', async () => {
  vi.useFakeTimers();
  const model = new Model();
  const transport = new CommTransport(model);
  const busy: unknown[] = [];
  transport.subscribe('busy', value => busy.push(value));
  void transport.request('job.get', {}).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(PATIENCE + 1);
  model.receive({ request: model.sent[0].request, ack: true });
  expect(busy).toEqual([true, false]);
  // So is an answer that came before it was to be acknowledged.
  void transport.request('job.get', {});
  await vi.advanceTimersByTimeAsync(PATIENCE + 1);
  model.receive({ request: model.sent[1].request, result: null });
  expect(busy).toEqual([true, false, true, false]);
  const heard = transport.heard(transport.request('job.get', {}));
  await vi.advanceTimersByTimeAsync(PATIENCE + 1);
  expect(await heard).toBe(false);
  const next = transport.heard(transport.request('job.get', {}));
  model.receive({ request: model.sent[3].request, ack: true });
  expect(await next).toBe(true);
});

test('a kernel that is gone is said', async () => {
  const model = new Model();
  const transport = new CommTransport(model);
  model.gone = true;
  await expect(transport.request('job.get', {})).rejects.toMatchObject({ kind: 'KernelGone' });
});

test('REST: paths, bodies, errors', async () => {
  const asked: [string, RequestInit][] = [];
  const transport = new RestTransport((path, init) => {
    asked.push([path, init]);
    return Promise.resolve(
      path.startsWith('jobs/gone')
        ? new Response('{"error": "JobNotFound", "message": "no", "hint": null}', { status: 404 })
        : new Response('{"ok": true}')
    );
  });
  expect(await transport.request('job.get', { name: 'a', backend: 'local' })).toEqual({ ok: true });
  await transport.request('job.extend', { name: 'a', seconds: 60 });
  expect(asked.map(([path, init]) => [init.method, path])).toEqual([
    ['GET', 'jobs/a?backend=local'],
    ['POST', 'jobs/a/extend']
  ]);
  await expect(transport.request('job.get', { name: 'gone' })).rejects.toMatchObject({
    kind: 'JobNotFound'
  });
});

test('REST: lines cut anywhere, and an error in the middle', async () => {
  const chunks = [
    '{"text": "a"}\n{"te',
    'xt": "b"}\n',
    '{"error": "BackendError", "message": "x"}\n'
  ];
  const transport = new RestTransport(() => {
    const body = new ReadableStream({
      start(controller) {
        chunks.forEach(chunk => controller.enqueue(new TextEncoder().encode(chunk)));
        controller.close();
      }
    });
    return Promise.resolve(new Response(body));
  });
  const items: unknown[] = [];
  const signal = new AbortController().signal;
  await expect(
    transport.stream('chat.send', { name: 'a' }, item => items.push(item), signal)
  ).rejects.toMatchObject({ message: 'x' });
  expect(items).toEqual([{ text: 'a' }, { text: 'b' }]);
});

test('a log that nobody hears is asked for window by window', async () => {
  vi.useFakeTimers();
  const asked: Record<string, unknown>[] = [];
  const whole = [
    '{"lines": ["a"], "dropped": 0}\n{"lines": [], "dropped": 0, "at": {"head/0": 1}}\n',
    '{"lines": ["b"], "dropped": 0}\n'
  ];
  // A proxy that holds back what does not end.
  const transport = new PatientTransport((_, init) => {
    const body = record(JSON.parse(init.body as string));
    asked.push(body);
    return body.seconds
      ? Promise.resolve(new Response(whole.shift()))
      : new Promise((_, fail) =>
          init.signal!.addEventListener('abort', () => fail(new Error('aborted')))
        );
  });
  const items: unknown[] = [];
  const read = (signal: AbortSignal) =>
    transport.stream(
      'job.log',
      { name: 'a' },
      item => items.push(...list(record(item).lines)),
      signal
    );
  const done = read(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(3_001);
  await done;
  expect(items).toEqual(['a', 'b']);
  expect(asked.map(each => each.after)).toEqual([undefined, {}, { 'head/0': 1 }]);
  // The next log is asked for so at once, and one that is closed asks no more.
  whole.push('{"lines": [], "dropped": 0, "at": {}}\n');
  const abort = new AbortController();
  const closed = read(abort.signal);
  abort.abort();
  await closed;
  expect(asked).toHaveLength(4);
});

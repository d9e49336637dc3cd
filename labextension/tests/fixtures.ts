import type { ITransport } from '../src/views/transport';
import { CraterError, Topics } from '../src/views/transport';

type Answer = (params: Record<string, unknown>) => unknown;

/** The far side as a test says it. */
export class FakeTransport implements ITransport {
  calls: [string, object][] = [];
  topics = new Topics();

  constructor(
    private _answers: Record<string, Answer> = {},
    private _streams: Record<string, unknown[]> = {}
  ) {}

  request<T>(method: string, params: object): Promise<T> {
    this.calls.push([method, params]);
    const answer = this._answers[method];
    return answer
      ? Promise.resolve().then(() => answer(params as Record<string, unknown>) as T)
      : Promise.reject(new CraterError(`no ${method}`));
  }

  async stream(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<void> {
    this.calls.push([method, params]);
    for (const item of this._streams[method] ?? []) {
      await Promise.resolve();
      if (signal.aborted) {
        return;
      }
      onItem(item);
    }
  }

  subscribe(topic: string, callback: (payload: unknown) => void): () => void {
    return this.topics.subscribe(topic, callback);
  }
}

export const STATUS = {
  schema: 1,
  name: 'r1',
  template: 'deepseek-r1-distributed',
  backend: 'local',
  phase: 'serving',
  reason: null,
  message: '',
  head_ip: '10.0.0.5',
  url: 'http://127.0.0.1:4000',
  api_url: 'http://127.0.0.1:8000',
  endpoints: [],
  tasks: [
    { task: 'head', index: 0, node: 'a1', ip: '10.0.0.5', phase: 'running', restarts: 0 },
    { task: 'worker', index: 1, node: 'b2', ip: '10.0.0.6', phase: 'running', restarts: 2 }
  ],
  timeline: [
    { phase: 'starting-ray', started: 1000, ended: 1004.5, detail: '' },
    { phase: 'serving', started: 1004.5, ended: null, detail: '' }
  ],
  created: 1000,
  lease: 9000,
  attempt: 2,
  metrics: null,
  rehearsal: [{ setting: 'model', asked: 'big', used: 'small', because: 'no GPU' }]
};

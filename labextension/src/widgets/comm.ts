import { record } from '../model';
import { t } from '../views/i18n';
import { CraterError, ITransport, randomId, Topics } from '../views/transport';

/** The part of anywidget's model that is used here. */
export interface IModel {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
  send(content: unknown): void;
}

interface IPending {
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
  onItem?: (item: unknown) => void;
  seen: boolean;
}

/** After so long without a sign of life the kernel is called busy. */
export const PATIENCE = 2000;

/**
 * Requests as custom messages over the kernel's comm (jupyter_crater.widgets.view is the far side):
 *
 *     → {request, method, params}    ← {request, items: [...]}… and {request, result} or
 *     → {cancel: request}              {request, error}; {request, ack} where that takes longer
 *     → {method}                       (nothing)
 *                                    ← {topic, payload}
 *
 * Not `id`: ipykernel 7.4 remembers every message with an `id` that the kernel sends.
 */
export class CommTransport implements ITransport {
  constructor(private _model: IModel) {
    _model.on('msg:custom', this._receive);
  }

  request<T>(method: string, params: object): Promise<T> {
    return this._start(method, params).done as Promise<T>;
  }

  async stream(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<void> {
    const { request, done } = this._start(method, params, onItem);
    const cancel = () => {
      this._send({ cancel: request });
      this._pending.get(request)?.resolve(undefined);
      this._pending.delete(request);
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) {
      cancel();
    }
    try {
      await done;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** What needs no answer. */
  tell(method: string): void {
    this._send({ method });
  }

  subscribe(topic: string, callback: (payload: unknown) => void): () => void {
    return this._topics.subscribe(topic, callback);
  }

  /** Whether the last request was heard of, or is over, within PATIENCE. */
  async heard(done: Promise<unknown>): Promise<boolean> {
    const over = done.then(
      () => true,
      () => true
    );
    let off = () => undefined as void;
    const acknowledged = new Promise<boolean>(resolve => {
      off = this.subscribe('busy', busy => resolve(!busy));
    });
    const heard = await Promise.race([over, acknowledged]);
    off();
    return heard;
  }

  dispose(): void {
    this._model.off('msg:custom', this._receive);
    for (const { reject } of this._pending.values()) {
      reject(new CraterError('The view was closed.', 'Cancelled'));
    }
    this._pending.clear();
  }

  private _start(
    method: string,
    params: object,
    onItem?: (item: unknown) => void
  ): { request: string; done: Promise<unknown> } {
    const request = randomId();
    const done = new Promise<unknown>((resolve, reject) => {
      this._pending.set(request, { resolve, reject, onItem, seen: false });
    });
    if (!this._send({ request, method, params })) {
      this._pending
        .get(request)
        ?.reject(
          new CraterError(t('The kernel of this view is gone: run its cell again.'), 'KernelGone')
        );
      this._pending.delete(request);
    } else {
      setTimeout(() => {
        if (this._pending.get(request)?.seen === false) {
          this._topics.publish('busy', true);
        }
      }, PATIENCE);
    }
    return { request, done };
  }

  /** False where there is nobody to send to. */
  private _send(message: object): boolean {
    try {
      this._model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  private _receive = (value: unknown) => {
    const message = record(value);
    if (typeof message.topic === 'string') {
      this._topics.publish(message.topic, message.payload);
      return;
    }
    // Absent: an answer to another view of the same model.
    const request = String(message.request);
    const pending = this._pending.get(request);
    if (!pending) {
      return;
    }
    if (!pending.seen) {
      pending.seen = true;
      this._topics.publish('busy', false);
    }
    if (Array.isArray(message.items)) {
      for (const item of message.items) {
        pending.onItem?.(item);
      }
    } else if (!('ack' in message)) {
      this._pending.delete(request);
      if ('error' in message) {
        pending.reject(CraterError.from(message.error));
      } else {
        pending.resolve(message.result);
      }
    }
  };

  private _topics = new Topics();
  private _pending = new Map<string, IPending>();
}

/** How a view reaches jobs, whatever lies between: the kernel's comm or REST. */
export interface ITransport {
  request<T>(method: string, params: object): Promise<T>;
  /** Items as they come, until the far side ends them or `signal` aborts (which ends quietly). */
  stream(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<void>;
  /** Pushes nobody asked for: `jobs` (something changed) and `busy` (the kernel doesn't answer). */
  subscribe(topic: string, callback: (payload: unknown) => void): () => void;
}

/** An error of the far side, as its edges send it (jupyter_crater.errors). */
export class CraterError extends Error {
  constructor(
    message: string,
    readonly kind = 'CraterError',
    readonly hint: string | null = null,
    readonly data: Record<string, unknown> = {}
  ) {
    super(message);
  }

  static from(value: unknown): CraterError {
    if (value instanceof CraterError) {
      return value;
    }
    if (value instanceof Error) {
      return new CraterError(value.message, value.name);
    }
    if (typeof value === 'object' && value !== null) {
      const data = value as Record<string, unknown>;
      const hint = typeof data.hint === 'string' ? data.hint : null;
      return new CraterError(String(data.message), String(data.error), hint, data);
    }
    return new CraterError(String(value));
  }
}

/** Callbacks by topic. */
export class Topics {
  subscribe(topic: string, callback: (payload: unknown) => void): () => void {
    const callbacks = this._topics.get(topic) ?? new Set();
    this._topics.set(topic, callbacks.add(callback));
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0 && this._topics.get(topic) === callbacks) {
        this._topics.delete(topic);
      }
    };
  }

  publish(topic: string, payload: unknown): void {
    for (const callback of [...(this._topics.get(topic) ?? [])]) {
      callback(payload);
    }
  }

  private _topics = new Map<string, Set<(payload: unknown) => void>>();
}

export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join('');
}

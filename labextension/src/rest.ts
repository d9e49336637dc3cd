import { record, text } from './model';
import { CraterError, ITransport, Topics } from './views/transport';

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

interface IRoute {
  verb: string;
  path(params: Record<string, unknown>): string;
}

const query = (params: Record<string, unknown>, ...names: string[]) => {
  const given = names.filter(name => text(params[name]));
  const words = given.map(name => `${name}=${encodeURIComponent(text(params[name]))}`);
  return words.length ? `?${words.join('&')}` : '';
};
const job =
  (tail = '') =>
  (params: Record<string, unknown>) =>
    `jobs/${encodeURIComponent(text(params.name))}${tail}${query(params, 'backend')}`;
const template =
  (tail = '') =>
  (params: Record<string, unknown>) =>
    `templates/${encodeURIComponent(text(params.id))}${tail}${query(params, 'language')}`;
const fixed =
  (path: string, ...names: string[]) =>
  (params: Record<string, unknown>) =>
    path + query(params, ...names);

/** The views' methods as routes of jupyter_crater.server; what isn't in the path is the body. */
export const ROUTES: Record<string, IRoute> = {
  versions: { verb: 'GET', path: fixed('versions') },
  capacity: { verb: 'GET', path: fixed('capacity', 'backend') },
  catalog: { verb: 'GET', path: fixed('catalog') },
  size: { verb: 'POST', path: fixed('size') },
  'templates.list': { verb: 'GET', path: fixed('templates', 'language') },
  'template.get': { verb: 'GET', path: template() },
  'template.check': { verb: 'POST', path: template('/check') },
  'template.parse': { verb: 'POST', path: template('/parse') },
  'jobs.list': { verb: 'GET', path: fixed('jobs', 'backend') },
  launch: { verb: 'POST', path: fixed('jobs') },
  'job.get': { verb: 'GET', path: job() },
  'job.memory': { verb: 'GET', path: job('/memory') },
  'job.events': { verb: 'GET', path: job('/events') },
  'job.diagnose': { verb: 'GET', path: job('/diagnoses') },
  'job.report': { verb: 'GET', path: job('/report') },
  'job.link': { verb: 'POST', path: job('/link') },
  'job.relaunch': { verb: 'POST', path: job('/relaunch') },
  'job.log': { verb: 'POST', path: job('/log') },
  'job.stop': { verb: 'POST', path: job('/stop') },
  'job.delete': { verb: 'DELETE', path: job() },
  'job.extend': { verb: 'POST', path: job('/extend') },
  'chat.send': { verb: 'POST', path: job('/chat') }
};

/** The views' transport over our server extension; `fetch` knows the base URL and the XSRF token. */
export class RestTransport implements ITransport {
  constructor(private _fetch: Fetch) {}

  async request<T>(method: string, params: object): Promise<T> {
    const response = await this._call(method, params);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Newline-delimited JSON, item by item as it comes. */
  async stream(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<void> {
    try {
      const response = await this._call(method, params, signal);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        const lines = (rest + value).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const item: unknown = JSON.parse(line);
          if ('error' in record(item)) {
            throw CraterError.from(item);
          }
          onItem(item);
        }
      }
    } catch (reason) {
      if (!signal.aborted) {
        throw reason;
      }
    }
  }

  subscribe(topic: string, callback: (payload: unknown) => void): () => void {
    return this._topics.subscribe(topic, callback);
  }

  /** Tells what came from elsewhere (Jupyter Events) to the views that listen. */
  publish(topic: string, payload: unknown): void {
    this._topics.publish(topic, payload);
  }

  private async _call(method: string, params: object, signal?: AbortSignal): Promise<Response> {
    const route = ROUTES[method];
    if (!route) {
      throw new CraterError(`No such method: ${method}`);
    }
    const init: RequestInit = { method: route.verb, signal };
    if (route.verb === 'POST') {
      init.headers = { 'Content-Type': 'application/json' };
      init.body = JSON.stringify(params);
    }
    const response = await this._fetch(route.path(params as Record<string, unknown>), init);
    if (!response.ok) {
      const body: unknown = await response.json().catch(() => ({}));
      const { error, message } = record(body);
      throw error
        ? CraterError.from(body)
        : new CraterError(
            typeof message === 'string' ? message : `${response.status} ${response.statusText}`,
            'ServerError'
          );
    }
    return response;
  }

  private _topics = new Topics();
}

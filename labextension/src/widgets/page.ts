import { record, text } from '../model';
import { RestTransport } from '../rest';
import type { ITransport } from '../views/transport';

/** REST from inside a widget, if this page is served by Jupyter with our server extension. */
export async function pageTransport(job: {
  name: string;
  backend: string;
}): Promise<ITransport | null> {
  let config: Record<string, unknown>;
  try {
    const element = document.getElementById('jupyter-config-data');
    config = record(JSON.parse(element?.textContent ?? 'null'));
  } catch {
    return null;
  }
  if (!config.baseUrl) {
    return null;
  }
  const base = new URL(text(config.baseUrl), location.href);
  const fetchRoute = (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    const token = text(config.token);
    if (token) {
      headers.set('Authorization', `token ${token}`);
    }
    const xsrf = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie);
    if (xsrf) {
      headers.set('X-XSRFToken', xsrf[1]);
    }
    return fetch(new URL(`crater/${path}`, base), { ...init, headers, credentials: 'same-origin' });
  };
  const transport = new RestTransport(fetchRoute);
  try {
    await transport.request('job.get', job);
    return transport;
  } catch {
    return null;
  }
}

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { RestTransport } from './rest';

/** The one transport of everything in JupyterLab's page. */
export function serverTransport(settings: ServerConnection.ISettings): RestTransport {
  return new RestTransport((path, init) =>
    ServerConnection.makeRequest(URLExt.join(settings.baseUrl, 'crater', path), init, settings)
  );
}

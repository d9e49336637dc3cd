import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, ServiceManager } from '@jupyterlab/services';

import { record } from './model';
import { PatientTransport } from './patient';
import type { RestTransport } from './rest';

/** The server's word that a job changed: jupyter_crater.server. */
export const JOB_EVENT = 'https://events.jupyter.org/jupyter_crater/job/v1';

/** The one transport of everything in JupyterLab's page. */
export function serverTransport(services: ServiceManager.IManager): RestTransport {
  const settings = services.serverSettings;
  const transport = new PatientTransport((path, init) =>
    ServerConnection.makeRequest(URLExt.join(settings.baseUrl, 'crater', path), init, settings)
  );
  services.events.stream.connect((_, event) => {
    if (event.schema_id === JOB_EVENT) {
      transport.publish('jobs', record(event));
    }
  });
  return transport;
}

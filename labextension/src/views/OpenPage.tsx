import * as React from 'react';

import { IStatus, record, text } from '../model';
import { ErrorNote } from './controls';
import { t } from './i18n';
import { CraterError, ITransport } from './transport';

/** Whether the job is a page of its own for the browser (Open WebUI), not an engine. */
export function isPage(status: IStatus): boolean {
  return status.endpoints.some(endpoint => endpoint.name === 'web') && !status.api_url;
}

/** Opens a client's page signed in, or says why no link can lead there. */
export function OpenPage(props: {
  status: IStatus;
  backend: string;
  transport: ITransport;
}): JSX.Element | null {
  const { status, backend, transport } = props;
  const [error, setError] = React.useState<CraterError | null>(null);
  if (status.phase !== 'serving' || !status.url) {
    return null;
  }
  const open = () => {
    setError(null);
    // Opened within the click, since a browser blocks a tab that comes later.
    const tab = window.open('', '_blank');
    transport.request('job.link', { name: status.name, backend }).then(
      value => {
        const url = text(record(value).url);
        if (tab && /^https?:\/\//.test(url)) {
          tab.opener = null;
          tab.location.href = url;
        } else {
          tab?.close();
          setError(new CraterError(t('The browser did not open a new tab.')));
        }
      },
      reason => {
        tab?.close();
        setError(CraterError.from(reason));
      }
    );
  };
  return (
    <div>
      <button className="crater-Button" onClick={open}>
        {t('Open, signed in')}
      </button>
      <ErrorNote error={error} />
    </div>
  );
}

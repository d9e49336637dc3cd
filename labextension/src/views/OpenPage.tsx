import * as React from 'react';

import { IStatus, record, text } from '../model';
import { ErrorNote } from './controls';
import { t } from './i18n';
import { CraterError, ITransport } from './transport';

/** Whether the job is a page of its own for the browser (Open WebUI), not an engine. */
export function isPage(status: IStatus): boolean {
  return status.endpoints.some(endpoint => endpoint.name === 'web') && !status.api_url;
}

function isLoopback(host: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(host);
}

function hostOf(url: string): string {
  try {
    return new URL(url, window.location.href).hostname;
  } catch {
    return '';
  }
}

/** Whether this browser gets there: 127.0.0.1 is Jupyter's machine, and this one where Jupyter is. */
export function leadsThere(url: string): boolean {
  const here = window.location;
  const local = !here.protocol.startsWith('http') || isLoopback(here.hostname);
  return local || !isLoopback(hostOf(url));
}

export function noWay(): CraterError {
  return new CraterError(
    t('Your browser can’t open it: it listens on the machine of Jupyter, which is another one.')
  );
}

/** Opens a page, signed in where a session can be handed over. Call it within the click. */
export async function openPage(
  name: string,
  backend: string,
  transport: ITransport
): Promise<void> {
  // A browser blocks a tab that comes later.
  const tab = window.open('', '_blank');
  try {
    const url = text(record(await transport.request('job.link', { name, backend })).url);
    if (!tab || !/^https?:\/\//.test(url)) {
      throw new CraterError(t('The browser did not open a new tab.'));
    }
    if (!leadsThere(url)) {
      throw noWay();
    }
    tab.opener = null;
    tab.location.href = url;
  } catch (error) {
    tab?.close();
    throw error;
  }
}

/** A client's page as a button, or why no link can lead there. */
export function OpenPage(props: {
  status: IStatus;
  backend: string;
  transport: ITransport;
}): JSX.Element | null {
  const { status, backend, transport } = props;
  const [error, setError] = React.useState<CraterError | null>(null);
  // A missing URL is no obstacle: a forward is made when it is asked for.
  if (status.phase !== 'serving' || status.reason === 'no-route') {
    return null;
  }
  if (status.url && !leadsThere(status.url)) {
    return <ErrorNote error={noWay()} />;
  }
  const signedIn = !status.url || isLoopback(hostOf(status.url));
  const open = () => {
    setError(null);
    openPage(status.name, backend, transport).catch(reason => setError(CraterError.from(reason)));
  };
  return (
    <div>
      <button className="crater-Button" onClick={open}>
        {signedIn ? t('Open, signed in') : t('Open')}
      </button>{' '}
      {!signedIn && (
        <span className="crater-dim">
          {t('Its account: {command}', { command: `jupyter crater key ${status.name}` })}
        </span>
      )}
      <ErrorNote error={error} />
    </div>
  );
}

import * as React from 'react';

import { IStatus } from '../model';
import { CopyButton } from './controls';
import { t } from './i18n';
import { isPage, leadsThere, noWay } from './OpenPage';

/** The head's IP and every URL, each to copy, and to open where a click is safe. */
export function Addresses({ status }: { status: IStatus }): JSX.Element {
  // A page is opened by its button, which signs in.
  const page = isPage(status);
  const rows = [
    [t('Head IP'), status.head_ip, false],
    [t('URL'), status.url, !page],
    ...(page
      ? []
      : [[t('API (from the kernel)'), status.api_url && `${status.api_url}/v1`, false] as const]),
    ...status.endpoints
      .filter(endpoint => endpoint.url && endpoint.url !== status.url)
      .map(endpoint => [endpoint.name, endpoint.url, true] as const)
  ] as const;
  return (
    <dl className="crater-Addresses">
      {rows.map(([label, value, opens]) => (
        <React.Fragment key={label}>
          <dt>{label}</dt>
          <dd>
            {value ? (
              <>
                <code>{value}</code>{' '}
                <CopyButton value={value} label={t('Copy {what}', { what: label })} />
                {opens && !leadsThere(value) && (
                  <span className="crater-dim">{noWay().message}</span>
                )}
                {opens && leadsThere(value) && /^(https?:\/\/|\/(?!\/))/.test(value) && (
                  <a
                    className="crater-Button crater-mod-quiet"
                    href={value}
                    target="_blank"
                    rel="noopener noreferrer"
                  >
                    {t('Open')}
                  </a>
                )}
              </>
            ) : (
              <span className="crater-dim">
                {status.reason === 'no-route' ? t('(none)') : t('not yet')}
              </span>
            )}
          </dd>
        </React.Fragment>
      ))}
      {status.lease !== null && (
        <>
          <dt>{t('Lease')}</dt>
          <dd>{t('until {time}', { time: new Date(status.lease * 1000).toLocaleString() })}</dd>
        </>
      )}
    </dl>
  );
}

import * as React from 'react';

import { IStatus } from '../model';
import { t, told } from './i18n';

/** What a rehearsal runs instead of what was asked, and why. */
export function Rehearsal({ status }: { status: IStatus }): JSX.Element {
  return (
    <details className="crater-Note crater-Rehearsal">
      <summary>
        {t('Rehearsal: the same job scaled down to this machine ({count} changes)', {
          count: status.rehearsal.length
        })}
      </summary>
      <table className="crater-Table">
        <thead>
          <tr>
            <th>{t('Setting')}</th>
            <th>{t('asked')}</th>
            <th>{t('used')}</th>
            <th>{t('because')}</th>
          </tr>
        </thead>
        <tbody>
          {status.rehearsal.map(change => (
            <tr key={change.setting}>
              <th scope="row">{change.setting}</th>
              <td>{change.asked}</td>
              <td>{told(change.used)}</td>
              <td>{told(change.because)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

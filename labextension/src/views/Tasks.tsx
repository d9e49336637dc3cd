import * as React from 'react';

import { IStatus } from '../model';
import { t } from './i18n';
import { phaseName, tone } from './phases';

export function PhaseChip({ phase }: { phase: string }): JSX.Element {
  return (
    <span className={`crater-Phase crater-tone-${tone(phase)}`} data-phase={phase}>
      {phaseName(phase)}
    </span>
  );
}

/** Head and workers: where each runs, and how it is. */
export function Tasks({ status }: { status: IStatus }): JSX.Element | null {
  if (!status.tasks.length) {
    return null;
  }
  return (
    <section aria-label={t('Tasks')} className="crater-Tasks crater-Scroll" tabIndex={0}>
      <h4>{t('Tasks')}</h4>
      <table className="crater-Table">
        <thead>
          <tr>
            <th>{t('Task')}</th>
            <th>{t('Phase')}</th>
            <th>{t('IP')}</th>
            <th>{t('Node')}</th>
            <th>{t('Restarts')}</th>
          </tr>
        </thead>
        <tbody>
          {status.tasks.map(task => (
            <tr key={`${task.task}-${task.index}`}>
              <th scope="row">{task.index ? `${task.task}-${task.index}` : task.task}</th>
              <td>
                <PhaseChip phase={task.phase} />
              </td>
              <td>{task.ip ?? '–'}</td>
              <td title={task.node ?? ''}>{task.node ? task.node.slice(0, 24) : '–'}</td>
              <td>{task.restarts}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

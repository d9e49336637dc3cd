import * as React from 'react';

import type { IStatus } from '../model';
import { Root } from './controls';
import { t } from './i18n';
import { JobList } from './JobList';
import { JobStore, key } from './jobstore';
import { JobView } from './JobView';
import type { ITransport } from './transport';

/** All jobs of all backends; the chosen one opens below. */
export function Jobs(props: { transport: ITransport; chosen?: string }): JSX.Element {
  const { transport } = props;
  const [store, setStore] = React.useState<JobStore | null>(null);
  const [chosen, choose] = React.useState<IStatus | null>(null);
  React.useEffect(() => {
    const made = new JobStore(transport);
    const off = made.onChange(() => {
      const job = props.chosen ? made.find(props.chosen) : undefined;
      if (job) {
        choose(before => before ?? job);
        off();
      }
    });
    setStore(made);
    return () => made.dispose();
  }, [transport, props.chosen]);
  return (
    <Root className="crater-Jobs">
      <header className="crater-Bar">
        <strong className="crater-Bar-title">{t('Jobs')}</strong>
      </header>
      {store && (
        <JobList
          store={store}
          chosen={chosen ? key(chosen) : undefined}
          onOpen={job => choose(chosen && key(job) === key(chosen) ? null : job)}
        />
      )}
      {chosen && store && (
        <JobView
          key={key(chosen)}
          name={chosen.name}
          backend={chosen.backend}
          snapshot={chosen}
          transport={transport}
          onDeleted={() => void store.load()}
        />
      )}
    </Root>
  );
}

import * as React from 'react';

import type { IStatus } from '../model';
import { Capacity } from '../views/Capacity';
import { Root } from '../views/controls';
import { t } from '../views/i18n';
import { JobList } from '../views/JobList';
import type { JobStore } from '../views/jobstore';
import { Templates, useTemplates } from '../views/Templates';
import type { ITransport } from '../views/transport';

export const SECTIONS = ['jobs', 'templates', 'capacity'] as const;
export type Section = (typeof SECTIONS)[number];

export interface IPanelProps {
  store: JobStore;
  transport: ITransport;
  section: Section;
  /** Whether the keys are to go to the tabs now; true once each time the panel is called. */
  takesFocus: () => boolean;
  onSection: (section: Section) => void;
  onJob: (job: IStatus) => void;
  onTemplate: (id: string) => void;
  onPress: (job: IStatus, event: React.MouseEvent) => void;
}

/** The sidebar: jobs, templates, capacity. */
export function Panel(props: IPanelProps): JSX.Element {
  const { section, takesFocus, onSection } = props;
  const tabs = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    if (takesFocus()) {
      tabs.current!.querySelector<HTMLElement>('[tabindex="0"]')!.focus();
    }
  });
  return (
    <Root className="crater-Panel">
      <div
        ref={tabs}
        role="tablist"
        aria-label="Crater"
        className="crater-Tabs"
        onKeyDown={event => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step) {
            const next = (SECTIONS.indexOf(section) + step + SECTIONS.length) % SECTIONS.length;
            onSection(SECTIONS[next]);
            (event.currentTarget.children[next] as HTMLElement).focus();
          }
        }}
      >
        {SECTIONS.map(each => (
          <button
            key={each}
            role="tab"
            aria-selected={each === section}
            tabIndex={each === section ? 0 : -1}
            onClick={() => onSection(each)}
          >
            {sectionName(each)}
          </button>
        ))}
      </div>
      <div className="crater-Panel-section" role="tabpanel" aria-label={sectionName(section)}>
        {section === 'jobs' && (
          <JobList
            store={props.store}
            onOpen={props.onJob}
            onPress={props.onPress}
            empty={
              <>
                <p>{t('No jobs yet.')}</p>
                <button
                  className="crater-Button crater-mod-accept"
                  onClick={() => onSection('templates')}
                >
                  {t('Choose a template')}
                </button>
              </>
            }
          />
        )}
        {section === 'templates' && (
          <Cards transport={props.transport} onTemplate={props.onTemplate} />
        )}
        {section === 'capacity' && <Capacities {...props} />}
      </div>
    </Root>
  );
}

export function sectionName(section: Section): string {
  return { jobs: t('Jobs'), templates: t('Templates'), capacity: t('Capacity') }[section];
}

function Cards(props: Pick<IPanelProps, 'transport' | 'onTemplate'>): JSX.Element {
  const { cards, error } = useTemplates(props.transport);
  return <Templates cards={cards} error={error} onChoose={props.onTemplate} />;
}

function Capacities({ store, transport }: IPanelProps): JSX.Element {
  const [, render] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => store.onChange(render), [store]);
  return (
    <>
      {!store.groups && <p className="crater-dim">{t('Loading …')}</p>}
      {store.groups?.map(({ backend }) => (
        <Capacity key={backend} backend={backend} transport={transport} />
      ))}
    </>
  );
}

import * as React from 'react';

import { list, record, text } from '../model';
import { t } from './i18n';
import { ITransport } from './transport';

/** The whole GPUs that a backend has, each to be chosen; nothing where it doesn't tell. */
export function Available(props: {
  backend: string;
  transport: ITransport;
  onTake: (gpu: string) => void;
}): JSX.Element {
  const { backend, transport, onTake } = props;
  const [gpus, setGpus] = React.useState<Record<string, unknown>[]>([]);
  React.useEffect(() => {
    let alive = true;
    transport.request('capacity', { backend }).then(
      value => alive && setGpus(list(record(record(value).capacity).gpus).map(record)),
      () => undefined // no cluster, or none that can be asked
    );
    return () => {
      alive = false;
    };
  }, [transport, backend]);
  return (
    <>
      {gpus
        .filter(({ gpu, kind }) => gpu && kind === 'whole')
        .map(({ gpu, total, free, largest_free }) => (
          <button
            key={text(gpu)}
            className="crater-Button crater-mod-quiet"
            onClick={() => onTake(text(gpu))}
          >
            {backend} · {text(gpu)}:{' '}
            {t('{free} of {total} free, {most} on one node', {
              free: text(free ?? '?'),
              total: text(total),
              most: text(largest_free ?? '?')
            })}
          </button>
        ))}
    </>
  );
}

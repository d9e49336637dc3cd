import { t } from './i18n';

/** How a phase looks: colour is never the only sign, the word always stands beside it. */
export function tone(phase: string): 'good' | 'bad' | 'busy' | 'still' {
  switch (phase) {
    case 'serving':
    case 'running':
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'unreachable':
      return 'bad';
    case 'stopped':
    case 'ended':
    case 'unknown':
      return 'still';
    default:
      return 'busy';
  }
}

/** The phase in the page's language; words that this version doesn't know stay as they are. */
export function phaseName(phase: string): string {
  const names: Record<string, string> = {
    queued: t('queued'),
    scheduled: t('scheduled'),
    pulling: t('pulling'),
    'starting-ray': t('starting Ray'),
    'waiting-for-workers': t('waiting for workers'),
    'starting-engine': t('starting the engine'),
    'loading-weights': t('loading weights'),
    'warming-up': t('warming up'),
    serving: t('serving'),
    restarting: t('restarting'),
    unreachable: t('unreachable'),
    stopping: t('stopping'),
    stopped: t('stopped'),
    failed: t('failed'),
    unknown: t('unknown'),
    // Of tasks, which have their own.
    pending: t('pending'),
    running: t('running'),
    succeeded: t('done'),
    ended: t('ended')
  };
  return names[phase] ?? phase;
}

import type { IRouter, JupyterFrontEnd } from '@jupyterlab/application';

import type { IActions } from './commands';

const ROUTE = 'crater:route';

/** `lab?crater-job=NAME&crater-backend=B` opens the job with its chat: what `Job.open()` opens. */
export function addRoute(
  app: JupyterFrontEnd,
  router: IRouter,
  openJob: IActions['openJob']
): void {
  app.commands.addCommand(ROUTE, {
    execute: async () => {
      const { path, search } = router.current;
      const query = new URLSearchParams(search);
      const name = query.get('crater-job');
      await app.restored;
      if (name) {
        openJob(name, query.get('crater-backend') ?? '', 'chat');
      }
      query.delete('crater-job');
      query.delete('crater-backend');
      const rest = query.toString();
      // A reload shows what is open then.
      router.navigate(rest ? `${path}?${rest}` : path, { skipRouting: true });
    }
  });
  router.register({ command: ROUTE, pattern: /[?&]crater-job=/, rank: 50 });
}

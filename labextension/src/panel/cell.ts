import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type { CommandRegistry } from '@lumino/commands';
import type * as React from 'react';

/** Pixels that a pressed row has to be moved before it is a drag. */
const START = 5;

/** The cell that connects a notebook to a job. */
export function connectCell(job: { name: string; backend: string }): string {
  const more = job.backend && job.backend !== 'local' ? `, ${JSON.stringify(job.backend)}` : '';
  return [
    'import jupyter_crater as crater',
    '',
    `job = crater.job(${JSON.stringify(job.name)}${more})`,
    'client = job.client()  # an openai.OpenAI',
    'job'
  ].join('\n');
}

/** A pressed row that is moved becomes a code cell to be dropped into a notebook. */
export function dragCell(
  job: { name: string; backend: string },
  event: React.MouseEvent | MouseEvent
): void {
  if (event.button !== 0) {
    return;
  }
  const { clientX, clientY } = event;
  const end = () => {
    document.removeEventListener('mousemove', move, true);
    document.removeEventListener('mouseup', end, true);
  };
  const move = (now: MouseEvent) => {
    if (Math.hypot(now.clientX - clientX, now.clientY - clientY) < START) {
      return;
    }
    end();
    const mimeData = new MimeData();
    mimeData.setData('application/vnd.jupyter.cells', [
      { cell_type: 'code', metadata: {}, source: connectCell(job), outputs: [] }
    ]);
    mimeData.setData('text/plain', connectCell(job));
    const image = document.createElement('div');
    image.className = 'crater-Drag';
    image.textContent = job.name;
    const drag = new Drag({
      mimeData,
      dragImage: image,
      proposedAction: 'copy',
      supportedActions: 'copy-move'
    });
    void drag.start(now.clientX, now.clientY).then(() => drag.dispose());
  };
  document.addEventListener('mousemove', move, true);
  document.addEventListener('mouseup', end, true);
}

/** The same by command: below the active cell of the notebook that was last used. */
export async function insertCell(
  commands: CommandRegistry,
  job: { name: string; backend: string }
): Promise<void> {
  await commands.execute('notebook:insert-cell-below');
  await commands.execute('notebook:replace-selection', { text: connectCell(job) });
}

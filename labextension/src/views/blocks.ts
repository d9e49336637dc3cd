/** Text of one streamed answer, cut where markdown can't reach across. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;

/**
 * Cuts a growing text into blocks, so that a token costs the last block and not the whole answer.
 *
 * A cut is a blank line outside of fences and display formulas, before a line that neither is
 * indented nor goes on with a list. Blocks before the last are final: the same strings again.
 */
export class Blocks {
  /** All blocks of `text`, which begins with what was given before (else everything starts anew). */
  update(text: string): string[] {
    if (!text.startsWith(this._text)) {
      this._done = [];
      this._start = 0;
    }
    this._text = text;
    this._cut();
    const rest = text.slice(this._start);
    return rest ? [...this._done, rest] : this._done;
  }

  private _cut(): void {
    const text = this._text;
    let fence = '';
    let formula = false;
    let blank = false;
    let first = '';
    let position = this._start;
    while (position < text.length) {
      const end = text.indexOf('\n', position);
      // The last line may still grow into something else.
      if (end < 0) {
        break;
      }
      const line = text.slice(position, end);
      if (fence) {
        if (line.trim().startsWith(fence) && !line.trim().slice(fence.length).trim()) {
          fence = '';
        }
      } else if (line.trim() === '') {
        blank = !formula;
      } else {
        const goesOn = /^[ \t]/.test(line) || (LIST.test(line) && LIST.test(first));
        if (blank && !goesOn) {
          this._done = [...this._done, text.slice(this._start, position)];
          this._start = position;
          first = '';
        }
        blank = false;
        first ||= line;
        fence = FENCE.exec(line.trimStart())?.[1] ?? '';
        if ((line.split('$$').length - 1) % 2 === 1) {
          formula = !formula;
        }
        if (line.includes('\\[') !== line.includes('\\]')) {
          formula = line.includes('\\[');
        }
      }
      position = end + 1;
    }
  }

  private _text = '';
  private _done: string[] = [];
  private _start = 0;
}

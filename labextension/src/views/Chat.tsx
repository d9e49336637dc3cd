import * as React from 'react';
import { flushSync } from 'react-dom';

import { ChatSettings } from './ChatSettings';
import { CopyButton, Root, useNow } from './controls';
import { count, download, duration, plain } from './format';
import { t } from './i18n';
import { Markdown } from './Markdown';
import { ChatSession, ILive, ITurn, readTurn, toMarkdown } from './session';

/** Stands in the list for the answer that isn't a turn yet. */
const UNDER_WAY = readTurn({ role: 'assistant' });

export interface IChatProps {
  name: string;
  session: ChatSession;
}

/** A chat with one job's engine. */
export function Chat({ name, session }: IChatProps): JSX.Element {
  useSession(session);
  const [settings, showSettings] = React.useState(false);
  const [editing, edit] = React.useState<number | null>(null);
  const input = React.useRef<HTMLTextAreaElement>(null);
  const { turns, live, notice } = session;

  const ask = (message: string, keep = turns.length) => {
    if (message.trim() && !live) {
      edit(null);
      void session.send(message, keep);
    }
  };
  const regenerate = (index: number) => {
    const question = turns.slice(0, index).findLastIndex(turn => turn.role === 'user');
    if (question >= 0) {
      ask(turns[question].text, question);
    }
  };

  // The same object always: a long chat is not drawn anew for each token.
  const actions = React.useRef({ edit, regenerate });
  actions.current = { edit, regenerate };

  return (
    <Root className="crater-Chat">
      <header className="crater-Bar">
        <strong className="crater-Bar-title">{t('Chat with {name}', { name })}</strong>
        <button
          className="crater-Button crater-mod-quiet"
          aria-expanded={settings}
          onClick={() => showSettings(!settings)}
        >
          {t('Settings')}
        </button>
        <CopyButton value={() => toMarkdown(turns)} label={t('Copy the chat')} />
        <button
          className="crater-Button crater-mod-quiet"
          disabled={!turns.length}
          onClick={() => download(`${name}-chat.md`, toMarkdown(turns))}
        >
          {t('Export')}
        </button>
        <button
          className="crater-Button crater-mod-quiet"
          disabled={!turns.length || !!live}
          onClick={() => {
            session.clear();
            input.current?.focus();
          }}
        >
          {t('Clear')}
        </button>
      </header>
      {settings && (
        <ChatSettings settings={session.settings} onChange={value => session.change(value)} />
      )}
      <Messages count={turns.length} live={live}>
        <Busy.Provider value={!!live}>
          {(live ? [...turns, UNDER_WAY] : turns).map((turn, index) =>
            editing === index ? (
              <Composer
                key={index}
                initial={turn.text}
                label={t('Edit the message')}
                onSend={message => ask(message, index)}
                onCancel={() => edit(null)}
              />
            ) : turn.role === 'user' ? (
              <Question key={index} turn={turn} index={index} actions={actions} />
            ) : (
              <Answer
                key={index}
                turn={turn}
                index={index}
                live={turn === UNDER_WAY ? live : null}
                actions={actions}
              />
            )
          )}
        </Busy.Provider>
      </Messages>
      {notice && (
        <div className="crater-Note crater-mod-warning" role="status">
          {notice.message}
        </div>
      )}
      <Composer
        input={input}
        label={t('Message to {name}', { name })}
        busy={!!live}
        onWrite={() => session.begun()}
        onSend={message => ask(message)}
        onStop={() => session.stop()}
      />
    </Root>
  );
}

/**
 * Re-renders with the session, at most once a frame: tokens may come faster than anyone reads. A
 * question and the first token are drawn for the frame that is coming, not for the one after it.
 */
function useSession(session: ChatSession): void {
  const [, render] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    let frame = 0;
    let before: 'idle' | 'waits' | 'speaks' = 'idle';
    const off = session.onChange(() => {
      const { live } = session;
      const now = !live ? 'idle' : live.text || live.thinking ? 'speaks' : 'waits';
      const began = now !== before && now !== 'idle';
      before = now;
      if (began) {
        cancelAnimationFrame(frame);
        frame = 0;
        flushSync(render);
        return;
      }
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        render();
      });
    });
    // It may have changed between the first render and now.
    render();
    return () => {
      off();
      cancelAnimationFrame(frame);
    };
  }, [session]);
}

/** The messages; stays at the end while the reader is there. */
function Messages(props: {
  count: number;
  live: ILive | null;
  children: React.ReactNode;
}): JSX.Element {
  const box = React.useRef<HTMLDivElement>(null);
  const atEnd = React.useRef(true);
  React.useLayoutEffect(() => {
    const element = box.current;
    if (element && atEnd.current) {
      element.scrollTop = element.scrollHeight;
    }
  }, [props.count, props.live]);
  return (
    <div
      className="crater-Chat-messages"
      ref={box}
      // Keyboards scroll what can be focused.
      tabIndex={0}
      role="log"
      aria-label={t('Messages')}
      aria-busy={!!props.live}
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {props.children}
    </div>
  );
}

interface IActions {
  edit: (index: number) => void;
  regenerate: (index: number) => void;
}

interface ITurnProps {
  turn: ITurn;
  index: number;
  actions: React.RefObject<IActions>;
}

/** Whether an answer is under way: by a context, so that only the buttons are drawn anew. */
const Busy = React.createContext(false);

function Action({ label, onClick }: { label: string; onClick: () => void }): JSX.Element {
  return (
    <button
      className="crater-Button crater-mod-quiet"
      disabled={React.useContext(Busy)}
      onClick={onClick}
    >
      {label}
    </button>
  );
}

const Question = React.memo(function Question({ turn, index, actions }: ITurnProps): JSX.Element {
  return (
    <article className="crater-Turn crater-mod-user" aria-label={t('You')}>
      <div className="crater-Turn-text">{plain(turn.text)}</div>
      <footer>
        <Action label={t('Edit')} onClick={() => actions.current?.edit(index)} />
        <CopyButton value={turn.text} label={t('Copy the message')} />
      </footer>
    </article>
  );
});

/** An answer, or (`live`) what there is of it: the same elements, so its end draws no text anew. */
const Answer = React.memo(function Answer(
  props: ITurnProps & { live?: ILive | null }
): JSX.Element {
  const { turn, live, index, actions } = props;
  const waits = !!live && !live.text && !live.thinking;
  return (
    <article className={`crater-Turn ${live ? 'crater-mod-live' : ''}`} aria-label={t('Answer')}>
      {turn.omitted > 0 && (
        <div className="crater-Note">
          {t('The context is full: {count} older messages were not sent.', { count: turn.omitted })}
        </div>
      )}
      <Thinking
        text={live ? live.thinking : turn.thinking}
        seconds={live ? live.answered && live.answered - live.started : turn.thinking_seconds}
        since={live && live.answered === null ? live.started : null}
      />
      {waits ? (
        <p className="crater-Chat-waiting">{t('Waiting for the first token …')}</p>
      ) : (
        <Markdown text={live ? live.text : turn.text} />
      )}
      {turn.error && (
        <div className="crater-Note crater-mod-error" role="alert">
          {turn.error.message}
          {turn.error.hint && <div className="crater-Note-hint">{turn.error.hint}</div>}
        </div>
      )}
      {!live && (
        <footer>
          <Action
            label={turn.error ? t('Try again') : t('Regenerate')}
            onClick={() => actions.current?.regenerate(index)}
          />
          <CopyButton value={turn.text} label={t('Copy the answer')} />
          <span className="crater-Turn-stats">{stats(turn)}</span>
        </footer>
      )}
    </article>
  );
});

function stats(turn: ITurn): string {
  const parts = [];
  if (turn.stopped) {
    parts.push(t('stopped'));
  }
  if (turn.ttft !== null) {
    parts.push(t('first token after {time}', { time: duration(turn.ttft) }));
  }
  if (turn.tokens_per_second !== null) {
    parts.push(t('{count} tokens/s', { count: count(turn.tokens_per_second) }));
  }
  if (turn.prompt_tokens !== null && turn.completion_tokens !== null) {
    parts.push(
      t('{prompt} + {completion} tokens', {
        prompt: count(turn.prompt_tokens),
        completion: count(turn.completion_tokens)
      })
    );
  }
  return parts.join(' · ');
}

/** Folded; the text is only in the page while it is open. */
function Thinking(props: {
  text: string;
  seconds: number | null;
  /** It thinks since then, epoch seconds; null: it doesn't any more. */
  since: number | null;
}): JSX.Element | null {
  const [open, setOpen] = React.useState(false);
  const running = props.since !== null;
  const now = useNow(running);
  if (!props.text.trim()) {
    return null;
  }
  const seconds = props.since === null ? props.seconds : Math.max(0, now - props.since);
  const time = duration(seconds ?? 0);
  return (
    <details
      className="crater-Thinking"
      open={open}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>
        {running
          ? t('Thinking … {time}', { time })
          : seconds === null
            ? t('Thoughts')
            : t('Thought for {time}', { time })}
      </summary>
      {open && <Markdown text={props.text.trim()} />}
    </details>
  );
}

/** Enter sends, Shift-Enter begins a line; Enter that ends an input method's word does neither. */
function Composer(props: {
  label: string;
  initial?: string;
  busy?: boolean;
  input?: React.RefObject<HTMLTextAreaElement>;
  onWrite?: () => void;
  onSend: (message: string) => void;
  onStop?: () => void;
  onCancel?: () => void;
}): JSX.Element {
  const [text, setText] = React.useState(props.initial ?? '');
  const own = React.useRef<HTMLTextAreaElement>(null);
  const area = props.input ?? own;
  React.useEffect(() => {
    if (props.onCancel) {
      area.current?.focus();
    }
    // Only when it appears.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const send = () => {
    if (text.trim() && !props.busy) {
      props.onSend(text);
      setText('');
      area.current?.focus();
    }
  };
  return (
    <div className="crater-Composer">
      <textarea
        ref={area}
        aria-label={props.label}
        placeholder={t('Message (Enter sends, Shift-Enter makes a new line)')}
        rows={Math.min(8, Math.max(2, text.split('\n').length))}
        value={text}
        onChange={event => {
          setText(event.currentTarget.value);
          props.onWrite?.();
        }}
        onKeyDown={event => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          } else if (event.key === 'Escape') {
            (props.busy ? props.onStop : props.onCancel)?.();
          }
        }}
      />
      {props.onCancel && (
        <button className="crater-Button" onClick={props.onCancel}>
          {t('Cancel')}
        </button>
      )}
      {props.busy ? (
        <button
          key="stop"
          className="crater-Button crater-mod-danger"
          // When pressed: a growing answer moves it from under the pointer before that is let go.
          onMouseDown={event => event.button === 0 && props.onStop?.()}
          onClick={props.onStop}
        >
          {t('Stop')}
        </button>
      ) : (
        <button
          key="send"
          className="crater-Button crater-mod-accept"
          disabled={!text.trim()}
          onClick={send}
        >
          {t('Send')}
        </button>
      )}
    </div>
  );
}

import * as React from 'react';

import { IPlan, list, readPlan, record, text } from '../model';
import { Available } from './Available';
import { ErrorNote, Root } from './controls';
import { Form, IParameter, ISchema, REST, Values } from './Form';
import { t } from './i18n';
import { useTemplates } from './Templates';
import { CraterError, ITransport } from './transport';
import { Alternatives, Verdict } from './Verdict';

/** Model × GPU × counts × context × concurrency, live. */
export function Calculator(props: { transport: ITransport; initial?: Values }): JSX.Element {
  const { transport } = props;
  const [values, setValues] = React.useState<Values>(props.initial ?? {});
  const [suggestions, setSuggestions] = React.useState<Record<string, string[]>>({});
  const [plan, setPlan] = React.useState<IPlan | null>(null);
  const [error, setError] = React.useState<CraterError | null>(null);
  const schema = React.useMemo(fields, []);
  const { backends } = useTemplates(transport);

  React.useEffect(() => {
    let alive = true;
    transport.request('catalog', {}).then(
      value => {
        if (alive) {
          const data = record(value);
          setSuggestions({ gpu: list(data.gpus).map(text), model: list(data.models).map(text) });
        }
      },
      () => undefined // only suggestions are missing then
    );
    return () => {
      alive = false;
    };
  }, [transport]);

  // Values without a field of their own count, too.
  const all = {
    ...Object.fromEntries(schema.parameters.map(({ name, initial }) => [name, initial])),
    ...values
  };
  const key = JSON.stringify(all);
  React.useEffect(() => {
    let alive = true;
    const timer = setTimeout(() => {
      transport.request('size', JSON.parse(key) as object).then(
        value => {
          if (alive) {
            setPlan(readPlan(value));
            setError(null);
          }
        },
        reason => alive && setError(CraterError.from(reason))
      );
    }, REST);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [transport, key]);

  const fix = (set: Values) => setValues(before => ({ ...before, ...set }));
  const wrong = error ? text(error.data.parameter) : '';
  return (
    <Root className="crater-Calculator">
      <header className="crater-Bar">
        <strong className="crater-Bar-title">{t('How many GPUs does it need?')}</strong>
      </header>
      <div className="crater-Picker-columns">
        <div>
          {backends
            .filter(each => each !== 'local')
            .map(each => (
              <Available
                key={each}
                backend={each}
                transport={transport}
                onTake={gpu => fix({ gpu })}
              />
            ))}
          <Form
            schema={schema}
            values={values}
            errors={error && wrong ? { [wrong]: error.message } : {}}
            suggestions={suggestions}
            onChange={(name, value) => fix({ [name]: value })}
          />
        </div>
        <div className="crater-Picker-side">
          {error ? <ErrorNote error={error} /> : plan && <Verdict plan={plan} onFix={fix} />}
        </div>
      </div>
      {plan && !error && <Alternatives plan={plan} onFix={fix} />}
    </Root>
  );
}

function fields(): ISchema {
  const field = (
    group: string,
    name: string,
    title: string,
    type: string,
    more: Partial<IParameter> = {}
  ): IParameter => ({
    name,
    title,
    help: '',
    types: [type, 'null'],
    choices: null,
    initial: null,
    example: '',
    group,
    order: 0,
    unit: '',
    advanced: false,
    suggest: '',
    ...more
  });
  const searched = { example: t('searched') };
  return {
    groups: [
      { id: 'what', title: t('Model') },
      { id: 'where', title: t('GPUs') },
      { id: 'load', title: t('Load') }
    ],
    parameters: [
      field('what', 'model', t('Model'), 'string', {
        types: ['string'],
        initial: 'DeepSeek-R1-Distill-Qwen-32B',
        suggest: 'model'
      }),
      field('what', 'dtype', t('Data type'), 'string', {
        choices: [null, 'half', 'bfloat16', 'float32'],
        initial: 'half'
      }),
      field('what', 'quantization', t('Quantization'), 'string', { advanced: true }),
      field('where', 'gpu', t('GPU'), 'string', {
        types: ['string'],
        initial: 'V100-32GB',
        suggest: 'gpu'
      }),
      field('where', 'nodes', t('Nodes'), 'integer', { types: ['integer'], initial: 1 }),
      field('where', 'gpus_per_node', t('GPUs per node'), 'integer', {
        types: ['integer'],
        initial: 4
      }),
      field('where', 'tensor_parallel', t('Tensor parallel'), 'integer', searched),
      field('where', 'pipeline_parallel', t('Pipeline parallel'), 'integer', searched),
      field('load', 'max_model_len', t('Context length'), 'integer', {
        unit: t('tokens'),
        initial: 32768
      }),
      field('load', 'max_num_seqs', t('Requests at once'), 'integer'),
      field('load', 'gpu_memory_utilization', t('Share of GPU memory'), 'number', {
        example: '0.9',
        advanced: true
      }),
      field('load', 'kv_cache_dtype', t('KV cache type'), 'string', {
        example: 'fp8',
        advanced: true
      }),
      field('load', 'engine_version', t('Engine version'), 'string', { advanced: true })
    ]
  };
}

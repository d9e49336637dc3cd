/** The JSON of the contracts (DESIGN), read with care: outputs of untrusted notebooks come by here. */

import type { components } from './api';

type Wire = components['schemas'];
/** Words that may be others tomorrow are texts here. */
type Open<T> = { [K in keyof T]: T[K] extends string ? string : T[K] };

export type ITask = Wire['TaskStatus'];
export type ITimelineEntry = Open<Wire['TimelineEntry']>;
export type IForecast = Wire['Forecast'];
export type IFix = Wire['Fix'];
export type IFinding = Wire['Finding'];
export type IRehearsal = Omit<Wire['RehearsalChange'], 'asked' | 'used'> &
  Record<'asked' | 'used', string>;

export type IStatus = Omit<
  Open<Wire['JobStatus']>,
  'schema' | 'changed' | 'timeline' | 'rehearsal'
> & { timeline: ITimelineEntry[]; rehearsal: IRehearsal[] };

/** One GPU's share of a plan, GiB. */
export type IRank = Omit<Wire['Rank'], 'cuda_graphs_charged'>;

type Nullable<T> = { [K in keyof T]: T[K] | null };

export interface IPlan
  extends
    Pick<
      Wire['Plan'],
      | 'fits'
      | 'legal'
      | 'nodes'
      | 'gpus_per_node'
      | 'tensor_parallel'
      | 'pipeline_parallel'
      | 'dtype'
      | 'findings'
      | 'alternatives'
      | 'speed'
      | 'assumed'
    >,
    Nullable<Pick<Wire['Plan'], 'max_model_len'>> {
  model: Pick<Wire['PlanModel'], 'id' | 'parameters'>;
  gpu: Pick<Wire['PlanGpu'], 'name' | 'memory_gib'>;
  engine: Pick<Wire['PlanEngine'], 'name' | 'version'>;
  per_gpu: IRank[];
  kv_cache: Nullable<
    Pick<Wire['KVCache'], 'tokens' | 'low_tokens' | 'high_tokens' | 'max_concurrency'>
  >;
}

/** Predicted and measured memory: asked for apart from the status, since the log has to be read. */
export interface IMemory {
  /** What was predicted for what was asked, where that can be sized. */
  plan: IPlan | null;
  /** What the engine itself said; of several ranks the fullest. */
  measured: Record<string, number> | null;
}

export const PHASES_ENDED = new Set(['stopped', 'failed']);

type Json = Record<string, unknown>;

export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function numbers(value: unknown): Record<string, number> | null {
  const entries = Object.entries(record(value)).filter(([, v]) => number(v) !== null);
  return entries.length ? (Object.fromEntries(entries) as Record<string, number>) : null;
}

/** The `status` JSON; fields of the wrong kind become empty rather than break a view. */
export function readStatus(value: unknown): IStatus {
  const data = record(value);
  return {
    name: text(data.name),
    template: text(data.template),
    backend: text(data.backend),
    phase: text(data.phase) || 'unknown',
    reason: textOrNull(data.reason),
    message: text(data.message),
    head_ip: textOrNull(data.head_ip),
    url: textOrNull(data.url),
    api_url: textOrNull(data.api_url),
    endpoints: list(data.endpoints).map(item => {
      const endpoint = record(item);
      return {
        name: text(endpoint.name),
        port: number(endpoint.port) ?? 0,
        url: textOrNull(endpoint.url)
      };
    }),
    tasks: list(data.tasks).map(item => {
      const task = record(item);
      return {
        task: text(task.task),
        index: number(task.index) ?? 0,
        node: textOrNull(task.node),
        ip: textOrNull(task.ip),
        phase: text(task.phase),
        restarts: number(task.restarts) ?? 0
      };
    }),
    timeline: list(data.timeline).map(item => {
      const entry = record(item);
      return {
        phase: text(entry.phase),
        started: number(entry.started) ?? 0,
        ended: number(entry.ended),
        detail: text(entry.detail)
      };
    }),
    created: number(data.created) ?? 0,
    lease: number(data.lease),
    attempt: number(data.attempt) ?? 1,
    metrics: numbers(data.metrics),
    forecast: data.forecast ? readForecast(record(data.forecast)) : null,
    rehearsal: list(data.rehearsal).map(item => {
      const change = record(item);
      return {
        setting: text(change.setting),
        asked: text(change.asked),
        used: text(change.used),
        because: text(change.because)
      };
    })
  };
}

function readForecast(data: Json): IForecast {
  return {
    low: number(data.low),
    high: number(data.high),
    source: text(data.source),
    late: textOrNull(data.late)
  };
}

/** The `size` JSON. */
export function readPlan(value: unknown): IPlan {
  const data = record(value);
  const model = record(data.model);
  const gpu = record(data.gpu);
  const engine = record(data.engine);
  const kv = record(data.kv_cache);
  return {
    fits: data.fits === true,
    legal: data.legal === true,
    model: { id: text(model.id), parameters: number(model.parameters) },
    gpu: { name: text(gpu.name), memory_gib: number(gpu.memory_gib) },
    nodes: number(data.nodes) ?? 1,
    gpus_per_node: number(data.gpus_per_node) ?? 1,
    tensor_parallel: number(data.tensor_parallel) ?? 1,
    pipeline_parallel: number(data.pipeline_parallel) ?? 1,
    dtype: text(data.dtype),
    max_model_len: number(data.max_model_len),
    engine: { name: text(engine.name), version: text(engine.version) },
    per_gpu: list(data.per_gpu).map(item => {
      const rank = record(item);
      return {
        rank: number(rank.rank) ?? 0,
        stage: number(rank.stage) ?? 0,
        weights_gib: number(rank.weights_gib) ?? 0,
        activations_gib: number(rank.activations_gib) ?? 0,
        cuda_graphs_gib: number(rank.cuda_graphs_gib) ?? 0,
        other_gib: number(rank.other_gib) ?? 0,
        kv_cache_gib: number(rank.kv_cache_gib) ?? 0,
        budget_gib: number(rank.budget_gib) ?? 0
      };
    }),
    kv_cache: {
      tokens: number(kv.tokens),
      low_tokens: number(kv.low_tokens),
      high_tokens: number(kv.high_tokens),
      max_concurrency: number(kv.max_concurrency)
    },
    findings: list(data.findings).map(readFinding),
    alternatives: list(data.alternatives).map(record),
    speed: record(data.speed),
    assumed: list(data.assumed).map(text)
  };
}

export function readFinding(value: unknown): IFinding {
  const data = record(value);
  const severity = data.severity;
  return {
    rule: text(data.rule),
    severity: severity === 'error' || severity === 'warning' ? severity : 'info',
    message: text(data.message),
    because: text(data.because),
    fixes: list(data.fixes).map(readFix)
  };
}

function readFix(value: unknown): IFix {
  const fix = record(value);
  return { label: text(fix.label), set: record(fix.set) };
}

/** One likely cause of a failure. */
export type IDiagnosis = Omit<Wire['Diagnosis'], 'evidence' | 'links'> & {
  evidence: { task: string; line: string }[];
};

/** The `diagnose` JSON, likeliest first. */
export function readDiagnoses(value: unknown): IDiagnosis[] {
  return list(record(value).diagnoses).map(item => {
    const data = record(item);
    const sure = data.confidence;
    return {
      id: text(data.id),
      title: text(data.title),
      confidence: sure === 'high' || sure === 'medium' ? sure : 'low',
      evidence: list(data.evidence).map(each => {
        const line = record(each);
        return { task: text(line.task), line: text(line.line) };
      }),
      explanation: text(data.explanation),
      fixes: list(data.fixes).map(readFix)
    };
  });
}

/** Of figures that a rank each reported, the one that limits. */
export function readMemory(value: unknown): IMemory {
  const data = record(value);
  const measured = Object.entries(record(data.measured)).map(([name, figure]) => {
    const all = list(figure).filter(each => number(each) !== null) as number[];
    const limit = name === 'kv_cache_gib' ? Math.min(...all) : Math.max(...all);
    return [name, all.length ? limit : figure];
  });
  return {
    plan: data.plan ? readPlan(data.plan) : null,
    measured: numbers(Object.fromEntries(measured))
  };
}

import type { Words } from '../i18n';

export const ja: Words = {
  '{free} of {total} free, {most} on one node':
    '{total} 個中 {free} 個が空き、1 ノードに最大 {most} 個',
  '(default)': '（既定値）',
  '(none)': '（なし）',
  '(of what was asked, not of the rehearsal)': '（リハーサルではなく、指定された構成の値）',
  'API (from the kernel)': 'API（カーネルから）',
  'Advanced ({count})': '詳細設定（{count}）',
  'All templates': 'すべてのテンプレート',
  Alternatives: '代替案',
  Answer: '回答',
  'Apply and relaunch': '適用して再起動',
  'As code': 'コードで表示',
  'Ask {name} again': '{name} に再度問い合わせる',
  'At once': '同時リクエスト数',
  'Back to {value}': '{value} に戻す',
  'CUDA graphs': 'CUDA グラフ',
  Cancel: 'キャンセル',
  Capacity: '空き容量',
  Chat: 'チャット',
  'Chat with a job': 'ジョブとチャット',
  'Chat with {name}': '{name} とチャット',
  'Choose a template': 'テンプレートを選択',
  'Choose a template, see whether it fits, launch it':
    'テンプレートを選び、メモリに収まるか確認して起動します',
  Clear: '消去',
  Close: '閉じる',
  Context: 'コンテキスト',
  'Context length': 'コンテキスト長',
  Copied: 'コピーしました',
  Copy: 'コピー',
  'Copy code': 'コードをコピー',
  'Copy report': 'レポートをコピー',
  'Copy the URL of a job': 'ジョブの URL をコピー',
  'Copy the answer': '回答をコピー',
  'Copy the chat': 'チャットをコピー',
  'Copy the code that connects to a job': 'ジョブに接続するコードをコピー',
  'Copy the head IP of a job': 'ジョブのヘッド IP をコピー',
  'Copy the head IP of {name}': '{name} のヘッド IP をコピー',
  'Copy the message': 'メッセージをコピー',
  'Copy {what}': '{what}をコピー',
  'Crater: LLM jobs': 'Crater: LLM ジョブ',
  'Data type': 'データ型',
  Delete: '削除',
  'Delete a job': 'ジョブを削除',
  'Delete {name} and everything of it?': '{name} とそのデータをすべて削除しますか？',
  Diagnosis: '診断',
  'Does it fit?': 'メモリに収まるか',
  Edit: '編集',
  'Edit the message': 'メッセージを編集',
  Engine: 'エンジン',
  'Engine version': 'エンジンのバージョン',
  Error: 'エラー',
  Events: 'イベント',
  Evidence: '根拠',
  Export: 'エクスポート',
  'Extend by 1 h': '1 時間延長',
  Filter: '絞り込み',
  'Filter the jobs': 'ジョブを絞り込む',
  'Filter the log': 'ログを絞り込む',
  'Filter the templates': 'テンプレートを絞り込む',
  'First token': '最初のトークンまで',
  Follow: '追従',
  GPU: 'GPU',
  'GPU {ranks}': 'GPU {ranks}',
  'GPU {ranks}: {parts}; budget {budget}': 'GPU {ranks}: {parts}、上限 {budget}',
  GPUs: 'GPU',
  'GPUs per node': 'ノードあたりの GPU 数',
  'Head IP': 'ヘッド IP',
  'How many GPUs does it need?': '必要な GPU 数を計算',
  IP: 'IP',
  'Insert the cell that connects to a job': 'ジョブに接続するセルを挿入',
  'It does not fit': 'メモリに収まりません',
  'It fits': 'メモリに収まります',
  'It fits, but would not start': 'メモリには収まりますが、起動できません',
  'It has no {what} yet.': '{what}はまだありません。',
  'It stays as it was: {why}.': '変更しませんでした: {why}。',
  'Its memory can’t be told from what is known.':
    'わかっている情報からは、必要なメモリを計算できません。',
  Jobs: 'ジョブ',
  'KV cache': 'KV キャッシュ',
  'KV cache tokens': 'KV キャッシュのトークン数',
  'KV cache type': 'KV キャッシュの型',
  Keep: 'やめる',
  'Keep {name} for another hour?': '{name} をあと 1 時間動かしますか？',
  Launch: '起動',
  'Launch a model': 'モデルを起動',
  'Launch all the same': 'このまま起動',
  'Launch the rehearsal': 'リハーサルを起動',
  'Launching …': '起動しています…',
  Lease: '利用期限',
  Load: '負荷',
  'Loading …': '読み込み中…',
  Log: 'ログ',
  'Log lines': 'ログの行',
  'Look at all jobs again': 'すべてのジョブを更新',
  Memory: 'メモリ',
  Message: 'メッセージ',
  'Message (Enter sends, Shift-Enter makes a new line)':
    'メッセージ（Enter で送信、Shift-Enter で改行）',
  'Message to {name}': '{name} へのメッセージ',
  Messages: 'メッセージ一覧',
  Model: 'モデル',
  'Most tokens of an answer': '回答の最大トークン数',
  Name: '名前',
  'No events yet.': 'イベントはまだありません。',
  'No job passes the filter.': '条件に合うジョブはありません。',
  'No jobs yet.': 'ジョブはまだありません。',
  'No line passes the filter.': '条件に合う行はありません。',
  'No log lines yet.': 'ログはまだありません。',
  'No template passes the filter.': '条件に合うテンプレートはありません。',
  Node: 'ノード',
  Nodes: 'ノード',
  'Not live: {message}': '最新の状態ではありません: {message}',
  Note: '注意',
  'Nothing in events and logs says why.': 'イベントにもログにも、原因の手がかりがありません。',
  Open: '開く',
  'Open a job': 'ジョブを開く',
  'Open the URL of a job': 'ジョブの URL を開く',
  'Open the URL of {name}': '{name} の URL を開く',
  Overview: '概要',
  Phase: '状態',
  'Pipeline parallel': 'パイプライン並列',
  'Put into the fields': '入力欄に反映',
  Quantization: '量子化',
  Quotas: 'クォータ',
  'Read again': '再読み込み',
  'Reading the logs …': 'ログを読んでいます…',
  Refresh: '更新',
  Regenerate: '再生成',
  'Rehearsal: the same job scaled down to this machine ({count} changes)':
    'リハーサル: 同じジョブをこのマシンに合わせて縮小（{count} 件の変更）',
  'Requests at once': '同時リクエスト数',
  'Reset {name}': '{name} を元に戻す',
  Restarts: '再起動回数',
  'Room for {tokens} tokens ({low} to {high})': '{tokens} トークン分の空き（{low}~{high}）',
  Running: '実行中',
  Save: '保存',
  Seed: 'シード',
  Send: '送信',
  Setting: '設定',
  Settings: '設定',
  'Share of GPU memory': 'GPU メモリの使用割合',
  'Show manifest': 'マニフェストを表示',
  'Show more ({count} characters left)': '続きを表示（残り {count} 文字）',
  'Show the Crater panel': 'Crater パネルを表示',
  'Start command': '起動コマンド',
  Stop: '停止',
  'Stop a job': 'ジョブを停止',
  'Stop {name}? Its log stays.': '{name} を停止しますか？ ログは残ります。',
  'System prompt': 'システムプロンプト',
  Task: 'タスク',
  Tasks: 'タスク',
  Temperature: '温度',
  Templates: 'テンプレート',
  'Tensor parallel': 'テンソル並列',
  'The browser refused to copy.': 'ブラウザーがコピーを許可しませんでした。',
  'The chat opens when the job serves.': 'チャットは、ジョブが稼働すると使えます。',
  'The context is full: {count} older messages were not sent.':
    'コンテキストがいっぱいです。古いメッセージ {count} 件は送信しませんでした。',
  'The kernel is busy: what you asked for happens when the running cell ends.':
    'カーネルはビジー状態です。実行中のセルが終わってから処理されます。',
  'The kernel of this view is gone: run its cell again.':
    'このビューのカーネルは終了しました。セルを再実行してください。',
  'Thinking … {time}': '思考中… {time}',
  'This backend doesn’t tell its capacity.': 'このバックエンドの空き容量は取得できません。',
  'This job is no longer there. What you see is how it was.':
    'このジョブはもう存在しません。表示は最後の状態です。',
  'This link was left out: it is not an http(s) address.':
    'http(s) のアドレスではないため、リンクにしませんでした。',
  'This machine is not the cluster: it will be a rehearsal ({count} changes).':
    'このマシンはクラスターではないため、リハーサルになります（{count} 件の変更）。',
  'Thought for {time}': '思考時間: {time}',
  Thoughts: '思考',
  Time: '時刻',
  Timeline: '経過',
  'Tokens/s': 'トークン/秒',
  'Top-p': 'Top-p',
  'Try again': '再試行',
  URL: 'URL',
  Use: '採用',
  Waiting: '待機中',
  'Waiting for the first token …': '最初のトークンを待っています…',
  Warning: '警告',
  What: '内容',
  'What was assumed ({count})': '前提とした値（{count}）',
  Where: '実行場所',
  Why: '原因を見る',
  You: 'あなた',
  'a number from {min} to {max}': '{min}~{max} の数値',
  'a whole number': '整数',
  activations: 'アクティベーション',
  'all tasks': 'すべてのタスク',
  asked: '指定値',
  'attempt {number}': '{number} 回目の起動',
  because: '理由',
  budget: '上限',
  certain: '確実',
  closed: '割り当て停止中',
  failed: '失敗',
  'first token after {time}': '最初のトークンまで {time}',
  free: '空き',
  'full-length requests at once': '最大長のリクエストの同時数',
  'image: {name}': '画像: {name}',
  likely: '可能性が高い',
  'loading weights': '重みを読み込み中',
  'longer than {source}': '{source} より長くかかっています',
  measured: '実測',
  'no jobs': 'ジョブなし',
  'not yet': '未定',
  other: 'その他',
  possible: '可能性あり',
  predicted: '予測',
  pulling: '取得中',
  queued: '待機列',
  restarting: '再起動中',
  scheduled: '配置済み',
  searched: '自動探索',
  serving: '稼働中',
  'serving in about {time} ({source})': '稼働まで約 {time}（{source}）',
  starting: '起動中',
  'starting Ray': 'Ray を起動中',
  'starting the engine': 'エンジンを起動中',
  stopped: '停止',
  stopping: '停止処理中',
  "the engine's own": 'エンジンの既定値',
  'the oldest {count} no longer kept': '古い {count} 行は保持していません',
  tokens: 'トークン',
  total: '合計',
  unknown: '不明',
  unreachable: '接続不可',
  'until {time}': '{time} まで',
  used: '実際の値',
  'waiting for workers': 'ワーカーを待機中',
  'warming up': 'ウォームアップ中',
  weights: '重み',
  '{count} left out of a flood': '大量出力のため {count} 行を省略',
  '{count} lines': '{count} 行',
  '{count} requests of full length at once': '最大長のリクエスト {count} 件を同時に処理可能',
  '{count} tokens/s': '{count} トークン/秒',
  '{count} values are wrong: see the fields.':
    '{count} 個の値が正しくありません。入力欄を確認してください。',
  '{model} on {gpus} × {gpu}: TP {tp} × PP {pp}, {engine}':
    '{model}（{gpu} × {gpus}）: TP {tp} × PP {pp}、{engine}',
  '{name} failed': '{name} は失敗しました',
  '{name} serves': '{name} が稼働しました',
  '{prompt} + {completion} tokens': '{prompt} + {completion} トークン',
  '{shown} of {count} lines': '{count} 行中 {shown} 行',
  pending: '処理待ち',
  running: '実行中',
  done: '完了',
  'Open, signed in': 'サインインして開く',
  'Its account: {command}': 'アカウント: {command}',
  'Your browser can’t open it: it listens on the machine of Jupyter, which is another one.':
    'このブラウザーからは開けません。Jupyter のマシンで待ち受けていますが、それは別のマシンです。',
  'The browser did not open a new tab.': 'ブラウザーが新しいタブを開きませんでした。',
  'This job is a chat page itself: open it.':
    'このジョブ自体がチャットのページです。開いてください。',
  'Connect to': '接続先',
  'A job, or http://HOST:PORT/v1': 'ジョブ名、または http://HOST:PORT/v1',
  // From Python (tests/told.json).
  '--trust-remote-code runs Python code that comes with {1}.':
    '--trust-remote-code を指定すると、{1} に付属する Python コードが実行されます。',
  '128 sequences at once instead of {1} would free {2} GiB per GPU for the KV cache.':
    '同時シーケンス数を {1} から 128 に減らすと、GPU あたり {2} GiB を KV キャッシュに回せます。',
  'A rank of stage {1} needs {2} GiB for weights, {3} for activations, {4} for CUDA graphs and {5} for the rest; it may use {6} GiB ({7} × {8}).':
    'ステージ {1} の各ランクには、重み {2} GiB、アクティベーション {3} GiB、CUDA グラフ {4} GiB、その他 {5} GiB が必要ですが、使用できるのは {6} GiB（{7} × {8}）です。',
  'A rank of stage {1} needs {2} GiB for weights, {3} for activations, {4} for CUDA graphs, {5} for the rest and {6} for the KV cache; it has {7} GiB.':
    'ステージ {1} の各ランクには、重み {2} GiB、アクティベーション {3} GiB、CUDA グラフ {4} GiB、その他 {5} GiB、KV キャッシュ {6} GiB が必要ですが、GPU メモリは {7} GiB です。',
  'An fp8 KV cache does not run on {1}.': '{1} では fp8 の KV キャッシュを使えません。',
  'Anyone who reaches its port can run commands in the job; tokens came with 2.52.':
    'ポートに到達できる人なら誰でも、ジョブの中でコマンドを実行できます。トークン認証は 2.52 で導入されました。',
  'Anyone who reaches its port can use it.': 'ポートに到達できる人なら誰でも利用できます。',
  'Ask for {1} GPUs per node': 'ノードあたり {1} GPU を要求',
  'Beyond one rank per KV head, more tensor parallelism adds no KV cache.':
    'テンソル並列数が KV ヘッド数を超えると、増やしても KV キャッシュは増えません。',
  'Beyond them its answers are noise; vLLM refuses to start.':
    'それを超えると回答が意味をなさなくなるため、vLLM は起動を拒否します。',
  'Chunked prefill crashes on this GPU, and above 32,768 tokens vLLM {1} switches it on.':
    'この GPU ではチャンク化プリフィルがクラッシュしますが、vLLM {1} は 32,768 トークンを超えるとこれを有効にします。',
  'Chunked prefill crashes on this GPU.': 'この GPU ではチャンク化プリフィルがクラッシュします。',
  'Does not fit: each of {1} × {2} is {3} GiB short.':
    'メモリに収まりません: {2} × {1} のそれぞれで {3} GiB 不足しています。',
  'Each of the {1} KV heads is kept on {2} ranks.':
    '{1} 個の KV ヘッドは、それぞれ {2} ランクに重複して保持されます。',
  "Estimate only: memory is computed by vLLM's laws, not {1}'s.":
    '概算のみ: メモリは {1} ではなく vLLM の計算式で求めています。',
  'Estimate only: {1} is computed as a plain decoder.':
    '概算のみ: {1} は通常のデコーダーとして計算しています。',
  'Every stage needs at least one layer.': '各ステージには少なくとも 1 層が必要です。',
  'Have a key made': 'キーを生成する',
  'It needs compute capability 8.9, or 8.0 with a slower path.':
    'Compute Capability 8.9 が必要です（8.0 でも動作しますが低速です）。',
  'It needs {1}.{2} or newer.': '{1}.{2} 以降が必要です。',
  'It prints each call of each rank.': '全ランクのすべての呼び出しが出力されます。',
  'It uses a Triton kernel that needs Ampere or newer (vllm#13738, #4059).':
    '使用している Triton カーネルには Ampere 以降が必要です（vllm#13738、#4059）。',
  'Its Triton kernel needs Ampere or newer (vllm#5533, #8024, #11352).':
    'その Triton カーネルには Ampere 以降が必要です（vllm#5533、#8024、#11352）。',
  'Its V1 engine has no FlashAttention below compute capability 8.0 (vllm#25528).':
    'V1 エンジンは、Compute Capability 8.0 未満では FlashAttention を使えません（vllm#25528）。',
  'Its activations exceed 65,504, the largest float16.':
    'アクティベーションが float16 の最大値 65,504 を超えます。',
  'Its build holds CUDA code for {1}.': 'このビルドに含まれる CUDA コードの対象: {1}。',
  'Its layers are not modelled one by one.': '層ごとのモデル化はしていません。',
  'Keep the KV cache in 16 bits': 'KV キャッシュを 16 ビットで保持',
  'Keep the KV cache in fp8': 'KV キャッシュを fp8 で保持',
  'Leave it off': '無効のままにする',
  'Leave it out': '指定しない',
  'Leave {1} out': '{1} を指定しない',
  'Let the engine size the KV cache': 'KV キャッシュのサイズをエンジンに任せる',
  'Limit the context to 32,768 tokens': 'コンテキストを 32,768 トークンに制限',
  'Limit the context to {1} tokens': 'コンテキストを {1} トークンに制限',
  'Mount 8 GiB of memory at /dev/shm': '/dev/shm に 8 GiB のメモリをマウント',
  "NCCL and vLLM's message queue need more than the 64 MiB of container runtimes.":
    'NCCL と vLLM のメッセージキューには、コンテナランタイム既定の 64 MiB では足りません。',
  'NCCL_DEBUG=TRACE floods the log and slows every transfer.':
    'NCCL_DEBUG=TRACE はログを大量に出力し、すべての転送を遅くします。',
  'Neither {1} % {2} nor {3} % {4} is 0.': '{1} % {2} も {3} % {4} も 0 になりません。',
  'One rank runs on each GPU.': '各 GPU で動くのは 1 ランクです。',
  'One request needs {1} GiB on a rank that has {2} GiB left.':
    '1 リクエストには 1 ランクあたり {1} GiB が必要ですが、残りは {2} GiB です。',
  'One stage per layer at most': 'ステージ数を層数以下にする',
  "Only vLLM's memory was read and measured.": 'メモリの使い方を調査・実測したのは vLLM だけです。',
  'Prefill 2,048 tokens at once': '一度に 2,048 トークンずつプリフィル',
  'Prefix caching crashes on this GPU.':
    'この GPU ではプレフィックスキャッシュがクラッシュします。',
  'Serve at most 128 sequences at once': '同時シーケンス数を 128 までにする',
  'Shared memory is {1} GiB for {2} ranks of a node.':
    'ノード内の {2} ランクに対して、共有メモリは {1} GiB です。',
  'TP {1} × PP {2} is {3} ranks; there are {4} GPUs.':
    'TP {1} × PP {2} は {3} ランクですが、GPU は {4} 個です。',
  "Tensor parallel {1} cuts the quantization's groups of the MLP.":
    'テンソル並列 {1} では、MLP の量子化グループが途中で分割されます。',
  'Tensor parallel {1} does not divide the MLP of {2}.':
    'MLP の次元 {2} はテンソル並列 {1} で割り切れません。',
  "Tensor parallel {1} does not divide the experts' width of {2}.":
    'エキスパートの次元 {2} はテンソル並列 {1} で割り切れません。',
  'Tensor parallel {1} does not divide the padded vocabulary of {2}.':
    'パディング後の語彙数 {2} はテンソル並列 {1} で割り切れません。',
  "Tensor parallel {1} does not divide the shared experts' width of {2}.":
    '共有エキスパートの次元 {2} はテンソル並列 {1} で割り切れません。',
  'Tensor parallel {1} does not divide the {2} attention heads.':
    'アテンションヘッド数 {2} はテンソル並列 {1} で割り切れません。',
  'Tensor parallel {1} does not divide the {2} experts.':
    'エキスパート数 {2} はテンソル並列 {1} で割り切れません。',
  'Tensor parallel {1} does not fit {2} KV heads.':
    'テンソル並列 {1} は KV ヘッド数 {2} に合いません。',
  'Tensor parallel {1} spans nodes of {2} GPUs.':
    'テンソル並列 {1} が、{2} GPU のノードをまたいでいます。',
  'The CUDA context and NCCL take {1} GiB of {2}.':
    'CUDA コンテキストと NCCL が {2} GiB のうち {1} GiB を使用します。',
  'The CUDA context takes {1} GiB of {2}.':
    'CUDA コンテキストが {2} GiB のうち {1} GiB を使用します。',
  'The KV cache holds {1} tokens of one request; max_model_len is {2}.':
    'KV キャッシュに入るのは 1 リクエストあたり {1} トークンですが、max_model_len は {2} です。',
  'The Ray beside vLLM {1} may be {2}: no token authentication.':
    'vLLM {1} とともに入る Ray は {2} の可能性があり、トークン認証がありません。',
  'The arch lists and memory laws here were read from CUDA builds.':
    '対応アーキテクチャの一覧とメモリの計算式は、CUDA ビルドから得たものです。',
  'The profile run samples {1} × {2} logits.':
    'プロファイル実行では {1} × {2} のロジットをサンプリングします。',
  'The service asks for no API key.': 'このサービスは API キーを要求しません。',
  'They need about {1} GiB on top of the limit in vLLM {2}.':
    'vLLM {2} では、上限とは別に約 {1} GiB が必要です。',
  'This model needs it: read the code first.':
    'このモデルには必要です。先にコードを確認してください。',
  'Two all-reduces per layer and token then cross the network.':
    '層とトークンごとに 2 回の all-reduce がネットワークを経由することになります。',
  'Use --dtype half (float16)': '--dtype half（float16）を使用',
  'Use --dtype {1}': '--dtype {1} を使用',
  'Use NCCL_DEBUG=WARN': 'NCCL_DEBUG=WARN を使用',
  'Use TP {1}': 'TP {1} にする',
  'Use TP {1} inside a node and PP {2} between them': 'ノード内を TP {1}、ノード間を PP {2} にする',
  'Use TP {1} × PP {2} on the same {3} GPUs': '同じ {3} GPU で TP {1} × PP {2} にする',
  'Use a GPTQ copy of the model': 'GPTQ 版のモデルを使用',
  'Use all {1} GPUs: TP {2} × PP {3}': '{1} GPU をすべて使用: TP {2} × PP {3}',
  'Use an image of your own with Ray inside': 'Ray を含む独自のイメージを使用',
  'Use the 16-bit weights': '16 ビットの重みを使用',
  'Use vLLM {1} ({2})': 'vLLM {1} を使用（{2}）',
  'Use {1}': '{1} を使用',
  'Use {1} GPUs: TP {2} × PP {3}': '{1} GPU を使用: TP {2} × PP {3}',
  'Use {1} of each GPU': '各 GPU のメモリの {1} を使用',
  'Use {1} tokens': '{1} トークンにする',
  'as many requests at once as a few cores can answer': '少数のコアで同時に応答できるリクエスト数',
  'bfloat16 does not run on {1} (compute capability {2}).':
    '{1}（Compute Capability {2}）では bfloat16 を使えません。',
  'bfloat16 needs compute capability 8.0 or newer [vllm platforms/cuda.py].':
    'bfloat16 には Compute Capability 8.0 以降が必要です [vllm platforms/cuda.py]。',
  'compiling takes minutes on a CPU': 'CPU ではコンパイルに数分かかるため',
  'flags are written for the vLLM that runs here': 'フラグはここで動く vLLM に合わせて書かれるため',
  'fp8 arithmetic needs compute capability 8.9; Marlin unpacks the weights.':
    'fp8 演算には Compute Capability 8.9 が必要です。重みは Marlin が展開します。',
  'fp8 weights on {1} save memory, but are computed in 16 bits.':
    '{1} では fp8 の重みでメモリを節約できますが、計算は 16 ビットで行われます。',
  'gpu_memory_utilization {1} asks for more than is free at start.':
    'gpu_memory_utilization {1} は、起動時の空きメモリを超えています。',
  'gpu_memory_utilization {1} leaves little room for CUDA graphs.':
    'gpu_memory_utilization {1} では、CUDA グラフ用の余裕がほとんどありません。',
  'max_model_len {1} exceeds the {2} positions of {3}.':
    'max_model_len {1} は、{3} の最大位置数 {2} を超えています。',
  'no GPU is used in a rehearsal': 'リハーサルでは GPU を使わないため',
  'no code of a model runs on this machine unless you ask for it':
    '明示的に指定しない限り、モデルのコードはこのマシンで実行しないため',
  "the CPU keeps it in the model's format": 'CPU ではモデルと同じ形式で保持するため',
  "the CPU's own 16-bit format": 'CPU の標準的な 16 ビット形式',
  'the KV cache holds {1} tokens of one request, not {2}':
    'KV キャッシュに入るのは 1 リクエストあたり {1} トークンで、{2} トークンは入りません',
  'the embedded model, which a CPU can serve': 'CPU で動かせる内蔵モデル',
  'the embedded model, which a CPU can serve; the one you gave is not on this machine, and a rehearsal downloads none':
    'CPU で動かせる内蔵モデル。指定されたモデルはこのマシンになく、リハーサルではダウンロードしないため',
  "the engine environment's": 'エンジン環境のもの',
  "the template's default is longer than this model can do":
    'テンプレートの既定値が、このモデルの対応する長さを超えているため',
  'there is no GPU memory to take a share of; 300 MiB a rank':
    '割合を決める対象の GPU メモリがないため。ランクあたり 300 MiB',
  'vLLM implements {1} itself; the flag is not needed.':
    '{1} は vLLM 自体に実装されているため、このフラグは不要です。',
  'vLLM {1} does not know {2}.': 'vLLM {1} は {2} に対応していません。',
  'vLLM {1} runs on {2}, but slowly.': 'vLLM {1} は {2} でも動作しますが、低速です。',
  "vLLM's images have none since 0.18 (vllm#36170).":
    'vLLM のイメージには 0.18 以降 Ray が含まれていません（vllm#36170）。',
  '{1} % {2} = {3}; vLLM refuses to start.': '{1} % {2} = {3} のため、vLLM は起動を拒否します。',
  '{1} GPUs stay idle.': '{1} 個の GPU が使われません。',
  '{1} GiB short on each GPU': 'GPU ごとに {1} GiB 不足',
  '{1} Ray node(s) × {2} logical GPU on this CPU':
    'この CPU 上で Ray ノード {1} 個 × 論理 GPU {2} 個',
  '{1} came with vLLM {2}.': '{1} は vLLM {2} で導入されました。',
  '{1} carries no Ray, which {2} nodes need.':
    '{1} には Ray が含まれていません。{2} ノードの構成には Ray が必要です。',
  '{1} cores here; tensor parallel would spin on them':
    'ここは {1} コアで、テンソル並列ではビジーウェイトになるため',
  '{1} does not run on {2} (compute capability {3}).':
    '{1} は {2}（Compute Capability {3}）では動作しません。',
  '{1} has no thinking tokens': '{1} には思考トークンがないため',
  '{1} is gone since vLLM {2}.': '{1} は vLLM {2} で廃止されました。',
  '{1} is known to overflow in float16.':
    '{1} は float16 でオーバーフローすることが知られています。',
  '{1} is not an NVIDIA GPU: estimate only.': '{1} は NVIDIA 製 GPU ではないため、概算のみです。',
  '{1} is not quantised': '{1} は量子化されていないため',
  '{1} per rank is no multiple of a group.':
    'ランクあたりの {1} は、グループサイズの倍数ではありません。',
  '{1} pipeline stages for {2} layers.':
    '{2} 層に対して、パイプラインのステージが {1} 個あります。',
  "{1} was made for short texts, and a CPU's prefill is slow":
    '{1} は短い文章向けで、CPU のプリフィルは遅いため',
  '{1} {2} does not run on {3} (compute capability {4}).':
    '{1} {2} は {3}（Compute Capability {4}）では動作しません。',
  // Of the cards of a diagnosis.
  "--disable-network-policy=true for Volcano's svc plugin":
    'Volcano の svc プラグインに --disable-network-policy=true を指定',
  'A GPU or a kernel failed': 'GPU またはカーネルに障害が発生しました',
  'A Ray process of the cluster was killed': 'クラスターの Ray プロセスが強制終了されました',
  'A collective operation timed out': '集団通信がタイムアウトしました',
  'A container ends again and again': 'コンテナが終了を繰り返しています',
  "A dimension of the model can't be divided among the tensor-parallel ranks":
    'モデルのある次元をテンソル並列のランクに等分できません',
  'A disk or quota is full': 'ディスクまたはクォータがいっぱいです',
  'A file or folder may not be read or written':
    'ファイルまたはフォルダーの読み書きが許可されていません',
  'A flag of the start command no longer exists in this vLLM':
    '起動コマンドのフラグが、この vLLM ではなくなっています',
  'A host name has no address': 'ホスト名にアドレスがありません',
  'A kind of object is not installed there, or a field is not what its version expects.':
    'ある種類のオブジェクトがインストールされていないか、フィールドがそのバージョンに合いません。',
  'A more important job took the node': 'より優先度の高いジョブがノードを使用しました',
  'A network policy or firewall drops the connection':
    'ネットワークポリシーまたはファイアウォールが接続を破棄しています',
  'A path that does not exist in the container is taken for a name on Hugging Face, hence the misleading words.':
    'コンテナにないパスは Hugging Face 上の名前とみなされるため、紛らわしいエラーになります。',
  'A pod was evicted from its node': 'Pod がノードから退避させられました',
  'A port is taken': 'ポートが使用中です',
  "A process asked for more than there was, or the kernel, Kubernetes or Ray's memory monitor killed it; the rest of the job then fails for want of it.":
    'プロセスが使用可能な量を超えて要求したか、カーネル、Kubernetes、または Ray のメモリモニターに強制終了されました。ジョブの残りもそのために失敗します。',
  'A process of the engine died': 'エンジンのプロセスが終了しました',
  'A quota refuses the job': 'クォータによりジョブが拒否されました',
  'A secret, config map or account that the pod needs is missing':
    'Pod に必要な Secret、ConfigMap、またはサービスアカウントがありません',
  'A setting is out of range or contradicts another': '設定が範囲外か、ほかの設定と矛盾しています',
  'A step did not come back within VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS (300): a rank hangs or is gone.':
    'ある段階が VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS（300）秒以内に戻りませんでした。ランクがハングしているか、なくなっています。',
  'A step needed more than profiling had measured; what gpu_memory_utilization leaves free was too little.':
    'ある段階で、プロファイル時の計測値より多くのメモリが必要になりました。gpu_memory_utilization が残す空きが少なすぎます。',
  'A volume claim is not there or not bound':
    'ボリューム要求（PVC）が存在しないか、バインドされていません',
  'A volume could not be mounted': 'ボリュームをマウントできませんでした',
  'A weight file is damaged or only half there': '重みのファイルが壊れているか、不完全です',
  'AWQ and GPTQ kernels compute in float16 only (newer ones in bfloat16 too).':
    'AWQ と GPTQ のカーネルは float16 でのみ計算します（新しいものは bfloat16 にも対応）。',
  'After the KV cache was allocated vLLM tries the sampler on max_num_seqs sequences at once; the logits of that many did not fit beside it.':
    'KV キャッシュの確保後、vLLM は max_num_seqs 個のシーケンスで同時にサンプラーを試します。その数の logits が、残りのメモリに入りませんでした。',
  'After weights and activations too little of the GPU is left for one request of max_model_len tokens.':
    '重みとアクティベーションを除くと、max_model_len トークンの 1 リクエストに足りる GPU メモリが残りません。',
  'All nodes must start from the same image.':
    'すべてのノードを同じイメージから起動する必要があります。',
  'An admission webhook of the cluster does not answer':
    'クラスターの admission webhook が応答しません',
  'An interrupted download, or a git-lfs pointer in place of the file.':
    'ダウンロードが中断されたか、ファイルの代わりに git-lfs のポインターがあります。',
  'Another process (often an earlier attempt, or another job on a host network) listens on it.':
    '別のプロセス（多くは前回の残り、またはホストネットワーク上の別のジョブ）が待ち受けています。',
  "Another process changed the GPU's memory while it was measured":
    '計測中に、別のプロセスが GPU メモリの使用量を変えました',
  'Before it sizes the KV cache vLLM runs one batch of max_num_batched_tokens tokens; its activations did not fit beside the weights.':
    'KV キャッシュの大きさを決める前に、vLLM は max_num_batched_tokens トークンのバッチを 1 回実行します。そのアクティベーションが、重み以外の残りのメモリに入りませんでした。',
  "Before vLLM's RayExecutorV2 the process that runs `vllm serve` needs a GPU on its own node.":
    'vLLM の RayExecutorV2 より前では、`vllm serve` を実行するプロセスに、自ノードの GPU が必要です。',
  'CUDA was started before the workers were forked':
    'ワーカーを fork する前に CUDA が初期化されました',
  'Crater frees jobs whose GPUs do nothing for hours (or that run for days) unless they are locked.':
    'GPU が何時間も使われていない（または何日も動いている）ジョブは、ロックされていなければ Crater が解放します。',
  'Crater refuses the job for lack of points': 'ポイント不足のため、Crater がジョブを拒否しました',
  "Each method's kernels need a minimum compute capability, and an engine that knows the method.":
    '量子化方式ごとに、カーネルに必要な Compute Capability の下限があり、エンジンの対応も必要です。',
  'Every connection and every worker needs some.': '接続ごと、ワーカーごとにいくつか必要です。',
  'Every pipeline stage needs at least one layer (before vLLM 0.6, the same number of them).':
    '各ステージには少なくとも 1 層が必要です（vLLM 0.6 より前では、同じ層数）。',
  "GPUs can't reach each other's memory directly":
    'GPU どうしが互いのメモリに直接アクセスできません',
  'GPUs would be there, but not the CPU cores or memory that one task asks for beside them.':
    'GPU は空いていますが、1 タスクが併せて要求する CPU コアまたはメモリが足りません。',
  'Graphs are captured after the KV cache took its share; what gpu_memory_utilization leaves free was too little for them.':
    'グラフは KV キャッシュの確保後にキャプチャされます。gpu_memory_utilization が残す空きでは足りませんでした。',
  "HOME, HF_HOME and VLLM_CACHE_ROOT on a folder that the container's user may write":
    'HOME、HF_HOME、VLLM_CACHE_ROOT を、コンテナのユーザーが書き込めるフォルダーにする',
  "Head and worker don't share the same Ray token": 'ヘッドとワーカーの Ray トークンが一致しません',
  'Head and worker run different Ray or Python versions':
    'ヘッドとワーカーで Ray または Python のバージョンが異なります',
  'Hugging Face could not be reached': 'Hugging Face に到達できませんでした',
  "Images, model files or caches filled the node's or the volume's space.":
    'イメージ、モデルのファイル、またはキャッシュが、ノードまたはボリュームの容量を使い切りました。',
  'It does not exist, is closed, or has queues below it.':
    'キューが存在しないか、閉じているか、下位にキューがあります。',
  "It is private and the pull secret is missing or wrong (registries say the same of names that don't exist).":
    'イメージは非公開で、pull secret がないか誤っています（存在しない名前に対しても、レジストリは同じ応答をします）。',
  'It stopped answering, was drained or shut down; what ran there is gone.':
    'ノードが応答しなくなったか、ドレインまたはシャットダウンされました。そこで動いていたものは失われています。',
  'It was killed or the machine restarted; what it started may be left.':
    '強制終了されたか、マシンが再起動しました。起動したプロセスが残っている可能性があります。',
  'It was valid in older releases.': '以前のリリースでは有効でした。',
  "Its compiled kernels hold no code for the GPU's compute capability.":
    'コンパイル済みカーネルに、この GPU の Compute Capability 用のコードがありません。',
  'Its compiled parts and torch (or another package) are of different builds.':
    'コンパイル済みの部分と torch（または別のパッケージ）のビルドが異なります。',
  "Its container runtime or network plug-in failed: the node's doing, rarely the job's.":
    'コンテナランタイムまたはネットワークプラグインの失敗です。原因はノードにあり、ジョブにあることはまれです。',
  'Its front end waits a set time for the weights to load, kernels to compile and the graphs to be captured; a large model on slow storage takes longer.':
    'フロントエンドは、重みの読み込み、カーネルのコンパイル、グラフのキャプチャを一定時間だけ待ちます。遅いストレージ上の大きなモデルでは、それより長くかかります。',
  'Its implementation in this vLLM lacks the SupportsPP interface.':
    'この vLLM での実装に、SupportsPP インターフェースがありません。',
  'Its lease or deadline ended it as agreed.':
    '取り決めどおり、リースまたは期限により終了しました。',
  'Its message stands below.': 'スケジューラのメッセージを下に示します。',
  'Its node selector or affinity (the GPU type, often) matches none.':
    'ノードセレクタまたはアフィニティ（多くは GPU の種類）に合うノードがありません。',
  'Its owner grants access by name: accept the terms there and give the job a token.':
    '所有者がユーザーごとに許可しています。ページで条件に同意し、ジョブにトークンを渡してください。',
  'Its share is in use, or the job is larger than the queue may ever be.':
    'キューの割り当てが使用中か、ジョブがキューの上限を超えています。',
  'Kubernetes killed the container while it was starting':
    '起動中のコンテナを Kubernetes が強制終了しました',
  'Kubernetes knows the caller and refuses, or a policy of the cluster forbids what the job asks for.':
    'Kubernetes は呼び出し元を認識したうえで拒否しているか、クラスターのポリシーがジョブの要求を禁じています。',
  'More GPUs are asked for than this node has':
    'このノードにある数より多くの GPU が要求されています',
  "NCCL can't use the InfiniBand or RoCE devices":
    'NCCL が InfiniBand または RoCE デバイスを使えません',
  'NCCL failed between the GPUs': 'GPU 間の NCCL 通信に失敗しました',
  'NCCL needs one GPU per rank.': 'NCCL には、ランクごとに 1 個の GPU が必要です。',
  'NCCL or Gloo finds no usable network interface':
    'NCCL または Gloo が、使えるネットワークインターフェースを見つけられません',
  "NCCL's own lines (NCCL_DEBUG=INFO) name the reason; often /dev/shm, the interface or peer access.":
    '理由は NCCL 自身のログ（NCCL_DEBUG=INFO）に示されます。多くは /dev/shm、インターフェース、またはピアアクセスです。',
  "NCCL_DEBUG=INFO in the tasks' env": '各タスクの環境変数に NCCL_DEBUG=INFO を設定',
  "NCCL_DEBUG=INFO in the tasks' env tells which step failed":
    '各タスクの環境変数に NCCL_DEBUG=INFO を設定すると、どの段階で失敗したかが分かります',
  "NCCL_IB_DISABLE=1 in the tasks' env (sockets instead, slower)":
    '各タスクの環境変数に NCCL_IB_DISABLE=1 を設定（代わりにソケットを使用、低速）',
  "NCCL_P2P_DISABLE=1 in the tasks' env": '各タスクの環境変数に NCCL_P2P_DISABLE=1 を設定',
  "NCCL_SHM_DISABLE=1 in the tasks' env (slower)":
    '各タスクの環境変数に NCCL_SHM_DISABLE=1 を設定（低速）',
  'NCCL_SOCKET_IFNAME or GLOO_SOCKET_IFNAME names an interface that the pod does not have, or none fits.':
    'NCCL_SOCKET_IFNAME または GLOO_SOCKET_IFNAME が Pod にないインターフェースを指しているか、適したものがありません。',
  'Name resolution, a proxy, a certificate or a firewall is in the way.':
    '名前解決、プロキシ、証明書、またはファイアウォールが妨げています。',
  'No node has enough free CPU or memory': 'CPU またはメモリの空きが十分なノードがありません',
  'No node has enough free GPUs': '空き GPU が十分にあるノードがありません',
  "No node has the job's host port free": 'ジョブのホストポートが空いているノードがありません',
  'No node has the labels the job asks for': 'ジョブが求めるラベルを持つノードがありません',
  'Not all workers joined the head': '一部のワーカーがヘッドに参加しませんでした',
  "Nothing refuses, nothing answers: Volcano's svc plugin, for one, admits only pods of the same job.":
    '拒否も応答もありません。たとえば Volcano の svc プラグインは、同じジョブの Pod だけを通します。',
  "OMP_NUM_THREADS=1 (and RAYON_NUM_THREADS=4) in the task's env":
    'タスクの環境変数に OMP_NUM_THREADS=1（および RAYON_NUM_THREADS=4）を設定',
  'On 127.0.0.1 Ray takes the machine for Windows or macOS.':
    '127.0.0.1 では、Ray はマシンを Windows または macOS とみなします。',
  "On a CPU vLLM wants gpu_memory_utilization (despite its name) of the node's memory free at its start.":
    'CPU では、vLLM は起動時に、ノードのメモリのうち gpu_memory_utilization（名前に反して）の割合が空いていることを求めます。',
  'One rank never came to a step that all do together: it hangs, died, or the network lost it.':
    '全ランクが同時に行う段階に、あるランクが来ませんでした。ハングしたか、終了したか、ネットワークから失われています。',
  'Peer access is switched off or impossible here (virtual machines with ACS or IOMMU, mixed cards).':
    'ピアアクセス（P2P）が無効か、ここでは使えません（ACS または IOMMU が有効な仮想マシン、異なる GPU の混在）。',
  "Pods on the host's network can't share a port.":
    'ホストネットワーク上の Pod は、同じポートを共有できません。',
  "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=1 in the tasks' env":
    '各タスクの環境変数に RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=1 を設定',
  'Ranks of one node exchange data through /dev/shm; containers get 64 MiB of it unless told.':
    '同じノードのランクは /dev/shm を通じてデータを交換します。指定しない限り、コンテナには 64 MiB しかありません。',
  'Ray has fewer GPUs than the engine asks for':
    'Ray の GPU が、エンジンの要求より少なくなっています',
  'Ray nodes of one cluster need the same Ray and the same Python.':
    '同じクラスターの Ray ノードには、同じ Ray と同じ Python が必要です。',
  'Ray refuses several nodes on the loopback address':
    'Ray がループバックアドレスでの複数ノードを拒否しました',
  'Repository or tag is wrong, or was never pushed.':
    'リポジトリまたはタグが誤っているか、一度もプッシュされていません。',
  'Something in the process used the GPU before vLLM made its workers.':
    'vLLM がワーカーを作る前に、プロセス内の何かが GPU を使いました。',
  'Something needed to compile kernels is missing in the image':
    'カーネルのコンパイルに必要なものがイメージにありません',
  'Tensor parallelism gives each rank the same number of heads.':
    'テンソル並列では、各ランクに同じ数のヘッドを割り当てます。',
  'Tensor × pipeline parallel size is the number of GPUs; without Ray all must be in one node.':
    'テンソル並列数 × パイプライン並列数が GPU 数です。Ray がなければ、すべて 1 ノードにある必要があります。',
  'The API key is wrong or missing': 'API キーが誤っているか、指定されていません',
  'The API server asks it before anything is created; it is down, or the network to it is closed.':
    'API サーバーは何かを作成する前に必ず問い合わせますが、webhook が停止しているか、そこへのネットワークが閉じています。',
  "The CUDA in the image needs a newer driver; drivers are the node's, not the image's.":
    'イメージの CUDA には、より新しいドライバーが必要です。ドライバーはイメージではなくノードのものです。',
  'The GPU had less free than was measured a moment before: another process took memory, or too much was promised to the KV cache.':
    'GPU の空きが、直前の計測値より少なくなっていました。別のプロセスがメモリを使ったか、KV キャッシュへの割り当てが多すぎます。',
  'The GPU is not free enough to start': 'GPU の空きメモリが足りず、起動できません',
  "The GPU's memory ran out": 'GPU メモリが不足しました',
  "The GPU's memory ran out while allocating the KV cache":
    'KV キャッシュの確保中に GPU メモリが不足しました',
  "The GPU's memory ran out while capturing CUDA graphs":
    'CUDA グラフのキャプチャ中に GPU メモリが不足しました',
  "The GPU's memory ran out while loading the model":
    'モデルの読み込み中に GPU メモリが不足しました',
  "The GPU's memory ran out while measuring a full batch":
    '最大バッチの計測中に GPU メモリが不足しました',
  "The GPU's memory ran out while serving": 'リクエストの処理中に GPU メモリが不足しました',
  "The GPU's memory ran out while warming up the sampler":
    'サンプラーのウォームアップ中に GPU メモリが不足しました',
  'The KV cache is too small for the context length':
    'KV キャッシュが、コンテキスト長に対して小さすぎます',
  "The account's balance does not cover it.": 'アカウントの残高が足りません。',
  "The attention heads can't be divided among the tensor-parallel ranks":
    'アテンションヘッドをテンソル並列のランクに等分できません',
  'The card reports an error of its own, or a kernel touched memory it should not; the trace may point elsewhere.':
    'GPU 自体がエラーを報告したか、カーネルが不正なメモリにアクセスしました。トレースが別の場所を指すことがあります。',
  "The claim's name is wrong in this namespace, or no storage was found for it.":
    'この名前空間での要求の名前が誤っているか、対応するストレージが見つかりませんでした。',
  "The cluster does not accept the job's description": 'クラスターがジョブの記述を受け付けません',
  'The command line was refused before anything was loaded.':
    '何も読み込まないうちに、コマンドラインが拒否されました。',
  "The container can't be made without it.": 'それがないと、コンテナを作成できません。',
  "The container can't start its command": 'コンテナが起動コマンドを実行できません',
  'The container sees no GPU': 'コンテナから GPU が見えません',
  "The container's user is not its owner, or the volume is mounted read-only.":
    'コンテナのユーザーが所有者でないか、ボリュームが読み取り専用でマウントされています。',
  'The engine answers 401 to every request under /v1.':
    'エンジンが、/v1 以下のすべてのリクエストに 401 を返しています。',
  'The engine died; why stands in no line that was seen':
    'エンジンが終了しましたが、見えた行に理由はありません',
  'The engine ended with an error that no rule knows':
    'どのルールにもないエラーでエンジンが終了しました',
  'The engine has no place for a tensor of the files, or one of another shape: it is older than the model, does not know its quantization, or the files belong to another model.':
    'ファイルのあるテンソルに対応する場所がエンジンにないか、形状が異なります。エンジンがモデルより古いか、その量子化に対応していないか、ファイルが別のモデルのものです。',
  'The engine in this image was not built for this GPU':
    'このイメージのエンジンは、この GPU 向けにビルドされていません',
  'The engine waited for a rank in vain': 'エンジンがランクを待ちましたが、応答がありませんでした',
  "The engine's Transformers can't load the model's tokenizer":
    'エンジンの Transformers が、モデルのトークナイザーを読み込めません',
  "The engine's installation is broken": 'エンジンのインストールが壊れています',
  'The event before it says why.': '理由は直前のイベントに示されています。',
  'The first error line of the log stands below; what follows it may tell more.':
    'ログの最初のエラー行を下に示します。それに続く行に、さらに情報があるかもしれません。',
  'The head has no GPU': 'ヘッドに GPU がありません',
  'The head is not up, its address is wrong, or the network between the pods is closed.':
    'ヘッドが起動していないか、アドレスが誤っているか、Pod 間のネットワークが閉じています。',
  "The head waited for every node and gave up; the missing ones are pending, failed, or can't reach it.":
    'ヘッドは全ノードを待ちましたが、打ち切りました。足りないノードは、待機中か、失敗したか、ヘッドに到達できません。',
  'The image could not be pulled': 'イメージを取得できませんでした',
  'The image does not exist under that name': 'その名前のイメージは存在しません',
  'The job waits until all its pods can start together':
    'すべての Pod が同時に起動できるまで、ジョブは待機しています',
  "The job's time was over": 'ジョブの時間が終わりました',
  'The limit of open files is too low': 'オープンできるファイル数の上限が低すぎます',
  'The limit of processes and threads is reached': 'プロセスとスレッドの数が上限に達しました',
  "The lines don't tell in which phase.": 'どの段階で起きたかは、ログの行からは分かりません。',
  'The liveness probe gave up before the weights were loaded; large models take many minutes.':
    '重みの読み込みが終わる前に、liveness プローブが失敗と判定しました。大きなモデルでは何分もかかります。',
  'The log of its previous run says why.': '理由は前回実行時のログに示されています。',
  "The machine's memory is not free enough to start": 'マシンの空きメモリが足りず、起動できません',
  'The model brings its own code, which is not allowed to run':
    'モデル独自のコードの実行が許可されていません',
  'The model is newer than the vLLM (or Transformers) in the image, or no text model at all.':
    'モデルがイメージの vLLM（または Transformers）より新しいか、テキストモデルではありません。',
  'The model is not where the start command looks for it':
    '起動コマンドが示す場所にモデルがありません',
  'The model must be asked for on Hugging Face': 'このモデルは Hugging Face で利用申請が必要です',
  "The model's config.json says for how many positions it was made.":
    '対応する位置数は、モデルの config.json に示されています。',
  "The model's layers can't be divided among the pipeline stages":
    'モデルの層をパイプラインのステージに分けられません',
  "The namespace's or account's limit would be passed by what the job asks for.":
    'ジョブの要求を加えると、名前空間またはアカウントの上限を超えます。',
  "The node can't attach or reach the storage, or the path does not exist there.":
    'ノードがストレージをアタッチできないか到達できない、またはストレージにそのパスがありません。',
  "The node can't reach the image's registry": 'ノードがイメージのレジストリに到達できません',
  "The node could not make the pod's container": 'ノードが Pod のコンテナを作成できませんでした',
  'The node has no way to the internet, or a proxy is missing.':
    'ノードがインターネットに接続できないか、プロキシが設定されていません。',
  'The node ran short of memory or disk, or the pod used more ephemeral storage than it may.':
    'ノードのメモリまたはディスクが不足したか、Pod が許可された量を超える一時ストレージを使いました。',
  'The node was lost': 'ノードが失われました',
  "The node's NVIDIA driver is older than the image needs":
    'ノードの NVIDIA ドライバーが、イメージの要求より古いものです',
  "The node's or pod's memory ran out": 'ノードまたは Pod のメモリが不足しました',
  'The nodes that would fit are closed to this job': '条件に合うノードがこのジョブを受け付けません',
  "The parser looks for tokens that this model's tokenizer does not have, or its name is unknown.":
    'このモデルのトークナイザーにないトークンをパーサーが探しているか、パーサーの名前が不明です。',
  'The platform ended the job because its GPUs were idle':
    'GPU が使われていなかったため、プラットフォームがジョブを終了しました',
  'The pod lacks the RDMA device, the right to lock memory, or the ports are wrong.':
    'Pod に RDMA デバイスまたはメモリをロックする権限がないか、ポートが誤っています。',
  'The pod, the user or the node may start no more of them (pids limit, ulimit -u); each rank starts hundreds, by the number of cores it sees.':
    'Pod、ユーザー、またはノードは、これ以上起動できません（pids の制限、ulimit -u）。各ランクは、見えるコア数に応じて数百のスレッドを起動します。',
  'The process that ran the job is gone': 'ジョブを動かしていたプロセスがなくなりました',
  'The program is not in the image, or the image is made for another CPU.':
    'プログラムがイメージに含まれていないか、イメージが別の CPU 向けです。',
  'The quantization does not work with this dtype': 'この量子化は、このデータ型では使えません',
  'The queue does not take jobs': 'キューがジョブを受け付けません',
  'The queue has no room for the job': 'キューにこのジョブの空きがありません',
  "The ranks can't reach each other over the network":
    'ランクどうしがネットワーク経由で到達できません',
  'The ranks run different NCCL versions': 'ランクごとに NCCL のバージョンが異なります',
  "The raylet of a node or the head's GCS ended; everything that ran there went with it.":
    'あるノードの raylet、またはヘッドの GCS が終了し、そこで動いていたものもすべて終了しました。',
  'The reasoning or tool parser does not fit the model':
    '推論パーサーまたはツールパーサーがモデルに合いません',
  'The registry does not let the node pull the image':
    'レジストリが、ノードによるイメージの取得を許可しません',
  "The registry's pull limit is reached": 'レジストリの取得回数の上限に達しました',
  'The scheduler ended the pod to make room.':
    'スケジューラが場所を空けるために Pod を終了しました。',
  'The scheduler finds no node for a pod': 'スケジューラが Pod のノードを見つけられません',
  'The scheduler found no node with as many free GPUs of that type as one task asks for.':
    '1 タスクが要求する種類と数の GPU が空いているノードを、スケジューラが見つけられませんでした。',
  'The server gave up waiting for the engine to start':
    'サーバーがエンジンの起動待ちを打ち切りました',
  "The server or one of its ranks ended without saying why, and the others can't go on without it. Killed for memory is the usual reason; a crash inside NCCL or a kernel (SIGSEGV) the next.":
    'サーバーまたはランクの 1 つが理由を残さずに終了し、残りはそれなしでは続行できません。最も多い理由はメモリ不足による強制終了で、次が NCCL またはカーネル内のクラッシュ（SIGSEGV）です。',
  "The service or pod of that name is not there (yet), or the pod's DNS does not answer.":
    'その名前の Service または Pod が（まだ）ないか、Pod の DNS が応答しません。',
  'The shared memory (/dev/shm) is too small': '共有メモリ（/dev/shm）が小さすぎます',
  'The start command has a flag or value this engine does not know':
    '起動コマンドに、このエンジンが対応していないフラグまたは値があります',
  "The task asked for none, or the node's container runtime does not hand it over.":
    'タスクが GPU を要求していないか、ノードのコンテナランタイムが GPU を渡していません。',
  "The tokenizer's files are of a newer format, of a class this version does not have, or some are missing.":
    'トークナイザーのファイルが、より新しい形式か、このバージョンにないクラスのものか、一部欠けています。',
  "The weights do not fit the engine's model": '重みがエンジンのモデルに合いません',
  'The weights of one rank are larger than what the GPU has free.':
    '1 ランク分の重みが、GPU の空きメモリより大きくなっています。',
  "The worker can't reach the Ray head": 'ワーカーが Ray のヘッドに到達できません',
  'There is no Ray in the image': 'イメージに Ray がありません',
  "These lines only report the end; the cause is earlier, or in another task's log.":
    'これらの行は終了を報告しているだけです。原因はより前か、別のタスクのログにあります。',
  'They carry a taint that the job does not tolerate, or are being drained.':
    'ノードに、ジョブが許容しない taint が付いているか、ドレイン中です。',
  "They meet at the head's address first; it was wrong, closed, or on another interface.":
    'ランクは最初にヘッドのアドレスで合流しますが、それが誤っているか、閉じているか、別のインターフェースにありました。',
  "This GPU can't compute in bfloat16": 'この GPU は bfloat16 で計算できません',
  "This GPU or engine can't run the model's quantization":
    'この GPU またはエンジンでは、モデルの量子化方式を使えません',
  "This engine does not know the model's architecture":
    'このエンジンは、モデルのアーキテクチャに対応していません',
  "This model (or its draft model) can't run in pipeline stages":
    'このモデル（またはドラフトモデル）は、パイプライン並列で動作しません',
  'Too many pulls from this address or account.':
    'このアドレスまたはアカウントからの取得が多すぎます。',
  "Triton, torch.compile and FlashInfer build kernels at the start with the image's compiler.":
    'Triton、torch.compile、FlashInfer は、起動時にイメージのコンパイラーでカーネルをビルドします。',
  'Two ranks got the same GPU': '2 つのランクに同じ GPU が割り当てられました',
  "VLLM_ENGINE_READY_TIMEOUT_S=3600 in the head's env":
    'ヘッドの環境変数に VLLM_ENGINE_READY_TIMEOUT_S=3600 を設定',
  "VLLM_WORKER_MULTIPROC_METHOD=spawn in the tasks' env":
    '各タスクの環境変数に VLLM_WORKER_MULTIPROC_METHOD=spawn を設定',
  'Vocabulary, MLP or quantization groups must split into equal parts; this size leaves a rest.':
    '語彙、MLP、または量子化グループは等分できる必要がありますが、この並列数では余りが出ます。',
  'Volcano starts all or none; another line usually says what the pods lack.':
    'Volcano はすべてを起動するか、まったく起動しないかのどちらかです。Pod に何が足りないかは、通常は別の行に示されます。',
  "With RAY_AUTH_MODE=token every process needs the head's token.":
    'RAY_AUTH_MODE=token では、すべてのプロセスにヘッドのトークンが必要です。',
  'Without chunked prefill a whole prompt must fit into one batch.':
    'チャンク化プリフィルを使わない場合、プロンプト全体が 1 バッチに収まる必要があります。',
  "You (or the job's account) may not do that":
    'あなた（またはジョブのアカウント）には、その操作の権限がありません',
  '`jupyter crater delete NAME` cleans up; launch again':
    '`jupyter crater delete NAME` で片付けてから、起動し直す',
  '`jupyter crater extend NAME 8h` while it runs': '実行中に `jupyter crater extend NAME 8h`',
  '`jupyter crater logs NAME --previous`': '`jupyter crater logs NAME --previous`',
  '`vllm serve --help=all` of the same image lists the flags it knows':
    '同じイメージの `vllm serve --help=all` で、対応するフラグを確認できます',
  'a GPU type that the cluster has': 'クラスターにある種類の GPU を使用',
  'a GPU type that the image was built for': 'イメージのビルド対象である種類の GPU を使用',
  'a KV cache of half the size (needs FP8 support)':
    'KV キャッシュを半分の大きさにする（FP8 対応が必要）',
  'a context of {1} tokens fits': '{1} トークンのコンテキストなら入ります',
  'a copy of the model on a volume': 'ボリュームに置いたモデルのコピーを使用',
  "a higher limit: podPidsLimit of the node's kubelet, --pids-limit of docker, ulimit -u":
    '上限を上げる: ノードの kubelet の podPidsLimit、docker の --pids-limit、ulimit -u',
  'a higher priority, if you may': '可能なら優先度を上げる',
  'a larger /dev/shm': '/dev/shm を大きくする',
  'a max_model_len the model knows': 'モデルが対応する max_model_len にする',
  'a newer engine image (an older one where the model is old)':
    'より新しいエンジンのイメージを使用（古いモデルでは、より古いもの）',
  'a newer engine image (not on V100: 0.8.5.post1 is the one to use there)':
    'より新しいエンジンのイメージを使用（V100 を除く。V100 では 0.8.5.post1 を使用）',
  'a pull secret for that registry': 'そのレジストリの pull secret を設定',
  'a queue or account that those nodes belong to':
    'それらのノードが属するキューまたはアカウントを使用',
  'a queue that exists and is open (`kubectl get queue`)':
    '存在し、開いているキューを使用（`kubectl get queue`）',
  'a shorter context': 'コンテキストを短くする',
  'a smaller or quantized model: `jupyter crater size` tells which fits':
    'より小さいか、量子化されたモデルを使用（どれが入るかは `jupyter crater size` で分かります）',
  'a startup probe with a long failureThreshold on /health, and no early liveness probe':
    '/health に failureThreshold の大きい startup プローブを設定し、liveness プローブを早く始めない',
  'a tensor parallel size that divides it': '割り切れるテンソル並列数にする',
  'a tensor parallel size that divides {1}': '{1} を割り切るテンソル並列数にする',
  'a toleration for the taint that the line names': '該当行が示す taint に対する toleration を追加',
  "accept the model's terms on its page and set the secret HF_TOKEN":
    'モデルのページで条件に同意し、Secret の HF_TOKEN を設定',
  "allow DNS (port 53) in the namespace's network policies":
    '名前空間のネットワークポリシーで DNS（ポート 53）を許可',
  'allow it, after reading it': 'コードを確認したうえで許可',
  'an image that holds the program; see the start command':
    'プログラムを含むイメージを使用し、起動コマンドを確認',
  'an image with Ray (vLLM 0.17 and before, or one made with `pip install ray`)':
    'Ray を含むイメージを使用（vLLM 0.17 以前、または `pip install ray` で作成したもの）',
  'an image with an older CUDA (vLLM 0.19.1 and before: CUDA 12)':
    'より古い CUDA のイメージを使用（vLLM 0.19.1 以前: CUDA 12）',
  "an image with compiler and headers (vLLM's own images have them)":
    'コンパイラーとヘッダーを含むイメージを使用（vLLM のイメージには含まれています）',
  'an unchanged image of one release; install nothing into it':
    '1 つのリリースの変更されていないイメージを使用し、何もインストールしない',
  'another GPU type, or wait: the job starts when some are free':
    '別の種類の GPU にするか、待つ（GPU が空けばジョブは開始します）',
  'another account (`jupyter crater switch`)': '別のアカウントを使用（`jupyter crater switch`）',
  'another model': '別のモデルを使用',
  'another namespace or account': '別の名前空間またはアカウントを使用',
  "another node: tell the administrators the node's name":
    '別のノードを使用し、このノードの名前を管理者に連絡',
  'another port': '別のポートを使用',
  'another port than {1}': '{1} 以外のポートを使用',
  'another queue': '別のキューを使用',
  'as many GPUs as ranks in every task; leave CUDA_VISIBLE_DEVICES to Ray and Kubernetes':
    '各タスクの GPU 数をランク数に合わせ、CUDA_VISIBLE_DEVICES は Ray と Kubernetes に任せる',
  'as many as one request has': '1 リクエスト分のトークン数にする',
  'as many ranks as the node has GPUs, or more nodes':
    'ランク数をノードの GPU 数に合わせるか、ノードを増やす',
  'ask for a GPU in every task that runs a rank': 'ランクを実行するすべてのタスクで GPU を要求',
  'ask for a larger quota': 'より大きなクォータを申請',
  'ask for a lock in Crater before a long run': '長い実行の前に、Crater でロックを申請',
  'ask the administrators for a newer driver': 'ドライバーの更新を管理者に依頼',
  'ask the administrators for the right that the line names': '該当行が示す権限を管理者に依頼',
  "ask the administrators which versions of Ray's or Volcano's operators are installed":
    'Ray または Volcano のオペレーターのどのバージョンが入っているかを管理者に確認',
  'bfloat16 needs compute capability 8.0 (A100 and newer); V100 and T4 compute in float16.':
    'bfloat16 には Compute Capability 8.0（A100 以降）が必要です。V100 と T4 は float16 で計算します。',
  'caches and models on a volume, not in the container':
    'キャッシュとモデルをコンテナ内ではなくボリュームに置く',
  'change the setting that the line names': '該当行が示す設定を変更',
  'change {1}': '{1} を変更',
  'compute in float16': 'float16 で計算',
  'correct or leave out the flag in the start command': '起動コマンドのそのフラグを修正または削除',
  'correct or leave out {1} in the start command': '起動コマンドの {1} を修正または削除',
  "correct the image's name": 'イメージの名前を修正',
  "correct the image's name and tag": 'イメージの名前とタグを修正',
  "correct the model's name": 'モデルの名前を修正',
  'download the model again (`git lfs pull` in a git checkout)':
    'モデルを再度ダウンロード（git のチェックアウトでは `git lfs pull`）',
  'drop NCCL_SOCKET_IFNAME and GLOO_SOCKET_IFNAME from the env':
    '環境変数から NCCL_SOCKET_IFNAME と GLOO_SOCKET_IFNAME を除く',
  'drop VLLM_NCCL_SO_PATH and LD_LIBRARY_PATH from the env':
    '環境変数から VLLM_NCCL_SO_PATH と LD_LIBRARY_PATH を除く',
  'end other jobs of the same account': '同じアカウントのほかのジョブを終了',
  'end the other processes on that GPU (`nvidia-smi` names them)':
    'その GPU のほかのプロセスを終了（`nvidia-smi` で確認できます）',
  'end what listens there (an earlier attempt?)':
    'そこで待ち受けているプロセスを終了（前回の残り？）',
  'fetch the logs of all tasks, those of previous containers too':
    '以前のコンテナの分も含め、すべてのタスクのログを取得',
  'fewer CPU cores per task': 'タスクあたりの CPU コア数を減らす',
  'fewer GPUs': 'GPU 数を減らす',
  'fewer GPUs per node, over more nodes': 'ノードあたりの GPU 数を減らし、より多くのノードに分散',
  'fewer GPUs, cores or memory': 'GPU、コア、またはメモリを減らす',
  'fewer nodes or GPUs': 'ノード数または GPU 数を減らす',
  'fewer pipeline stages': 'パイプラインのステージ数を減らす',
  'fewer sequences at once (now {1})': '同時シーケンス数を減らす（現在 {1}）',
  'free space on the volume, or put HF_HOME and VLLM_CACHE_ROOT on a larger one':
    'ボリュームの空きを増やすか、HF_HOME と VLLM_CACHE_ROOT をより大きなボリュームにする',
  'give head and workers the same address and port (RAY_ADDRESS, `ray start --address`)':
    'ヘッドとワーカーに同じアドレスとポートを指定（RAY_ADDRESS、`ray start --address`）',
  'give the head GPUs like the workers': 'ワーカーと同様に、ヘッドにも GPU を割り当てる',
  'give vLLM more of the GPU (now {1})': 'vLLM が使う GPU メモリを増やす（現在 {1}）',
  'if `ray list nodes` shows no {1}: VLLM_HOST_IP must be the address that Ray knows':
    '`ray list nodes` に {1} がない場合: VLLM_HOST_IP を Ray が認識しているアドレスにする',
  'keep all GPUs': 'すべての GPU を使い続ける',
  'launch the client with `connect=`: it opens the port for that job':
    'クライアントを `connect=` 付きで起動（そのジョブへのポートが開きます）',
  'leave more of the GPU free (now {1})': 'GPU メモリの空きを増やす（現在 {1}）',
  'leave {1} out': '{1} を外す',
  'leave {1} out (instead: {2})': '{1} を外す（代わりに: {2}）',
  'less memory per task': 'タスクあたりのメモリを減らす',
  'load with fewer processes at once (`--max-parallel-loading-workers 1`)':
    '同時に読み込むプロセスを減らす（`--max-parallel-loading-workers 1`）',
  'longer than trained, at your own risk: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1':
    '学習時より長くする（自己責任）: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1',
  'make tensor × pipeline parallel size the number of GPUs that Ray has':
    'テンソル並列数 × パイプライン並列数を、Ray の GPU 数に合わせる',
  'max_model_len is longer than the model knows':
    'max_model_len が、モデルの対応する長さを超えています',
  'max_num_batched_tokens is smaller than one request':
    'max_num_batched_tokens が 1 リクエストより小さくなっています',
  'more ephemeral storage for the task': 'タスクの一時ストレージを増やす',
  'more ephemeral storage or memory for the task': 'タスクの一時ストレージまたはメモリを増やす',
  'more memory for the task, or a smaller KV cache on the CPU':
    'タスクのメモリを増やすか、CPU 上の KV キャッシュを小さくする',
  'more memory per pod': 'Pod あたりのメモリを増やす',
  'more memory per pod (now {1} GiB)': 'Pod あたりのメモリを増やす（現在 {1} GiB）',
  "mount the model's volume readable for that user":
    'モデルのボリュームを、そのユーザーが読めるようにマウント',
  'mount the volume that holds the model in every task, and give its path there':
    'すべてのタスクでモデルのあるボリュームをマウントし、そのパスを指定',
  'name the interface of the pod network: NCCL_SOCKET_IFNAME=eth0, GLOO_SOCKET_IFNAME=eth0':
    'Pod ネットワークのインターフェースを指定: NCCL_SOCKET_IFNAME=eth0、GLOO_SOCKET_IFNAME=eth0',
  'no CUDA graphs (slower)': 'CUDA グラフを使わない（低速）',
  'no compilation (slower)': 'コンパイルしない（低速）',
  'no direct access': '直接アクセスを使わない',
  'no node selector': 'ノードセレクタを使わない',
  'no reasoning parser': '推論パーサーを使わない',
  'on V100 and older: the last engine made for them':
    'V100 以前では、それらに対応した最後のエンジンを使用',
  'put the model on a volume and give its path': 'モデルをボリュームに置き、そのパスを指定',
  "search vLLM's issues for the line": 'その行を vLLM の issue で検索',
  'see that config.json and the weight files are of one model':
    'config.json と重みのファイルが同じモデルのものであることを確認',
  'see that the claim is free and its access mode allows several nodes':
    '要求が使用中でないこと、アクセスモードが複数ノードを許すことを確認',
  "see that the tokenizer's files are complete": 'トークナイザーのファイルがそろっていることを確認',
  'see the events of the pending pods': '待機中の Pod のイベントを確認',
  'see the log of that task, and the memory of its pod or machine':
    'そのタスクのログと、Pod またはマシンのメモリを確認',
  'see the logs of the other ranks first': '先にほかのランクのログを確認',
  'see the logs of the workers': 'ワーカーのログを確認',
  "see the pod's events": 'Pod のイベントを確認',
  "see the worker's events and log first": '先にワーカーのイベントとログを確認',
  'see whether every worker runs and has joined ({1} GPUs): `ray status` in the head':
    'すべてのワーカーが動いて参加しているか確認（GPU {1} 個）: ヘッドで `ray status`',
  'see whether every worker runs and has joined: `ray status` in the head':
    'すべてのワーカーが動いて参加しているか確認: ヘッドで `ray status`',
  'see whether the head runs, and why not': 'ヘッドが動いているか、動いていなければその理由を確認',
  "see whether the head's service exists and its name and namespace are right (`kubectl get svc`)":
    'ヘッドの Service があり、名前と名前空間が正しいことを確認（`kubectl get svc`）',
  "see why that node's process ended (memory? node lost?), then start again":
    'そのノードのプロセスが終了した理由（メモリ、ノードの喪失など）を確認してから再起動',
  "set HF_ENDPOINT or HTTPS_PROXY in the tasks' env":
    '各タスクの環境変数に HF_ENDPOINT または HTTPS_PROXY を設定',
  'set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN from the same secret in every task':
    'すべてのタスクで、同じ Secret から RAY_AUTH_MODE=token と RAY_AUTH_TOKEN を設定',
  "set VLLM_HOST_IP to each pod's own IP": 'VLLM_HOST_IP を各 Pod 自身の IP にする',
  'smaller batches of prompt tokens': 'プロンプトのトークンのバッチを小さくする',
  'spread it over several nodes: the template deepseek-r1-distributed':
    '複数ノードに分散（テンプレート deepseek-r1-distributed）',
  'spread the weights over {1} GPUs': '重みを {1} GPU に分散',
  'start a new attempt: it makes its secret again': '新たに起動する（Secret は作り直されます）',
  'start again on another node': '別のノードで再起動',
  "start again on another node, and tell the administrators this node's name":
    '別のノードで再起動し、このノードの名前を管理者に連絡',
  'start again when it is needed': '必要になったら再起動',
  'start again when no other process starts or ends on that GPU':
    'その GPU でほかのプロセスが起動も終了もしないときに再起動',
  'start again when the queue has room': 'キューに空きができたら再起動',
  'start again with a longer lease': 'より長いリースで再起動',
  'start again: another node is chosen': '再起動（別のノードが選ばれます）',
  'take only what is free': '空いている分だけを使用',
  "tell the administrators the node's name": 'ノードの名前を管理者に連絡',
  "tell the administrators the webhook's name; try again later":
    'webhook の名前を管理者に連絡し、後で再試行',
  'tensor parallelism only': 'テンソル並列だけを使用',
  'the RDMA resource and the capability IPC_LOCK for the tasks':
    'タスクに RDMA リソースとケーパビリティ IPC_LOCK を与える',
  "the job's own key: `jupyter crater key NAME`, or `job.client()`":
    'ジョブ自身のキーを使用: `jupyter crater key NAME` または `job.client()`',
  'the model without quantization': '量子化していないモデルを使用',
  'the model without quantization, or as GPTQ (compute capability 6.0 is enough)':
    '量子化していないモデルか、GPTQ 版を使用（Compute Capability 6.0 以上）',
  "the model's own {1} tokens": 'モデル自身の {1} トークンにする',
  'the name of a claim that exists in this namespace (`kubectl get pvc`)':
    'この名前空間にある要求の名前を使用（`kubectl get pvc`）',
  'the same image for head and workers': 'ヘッドとワーカーで同じイメージを使用',
  'the same image from a mirror or your own registry':
    '同じイメージをミラーまたは独自のレジストリから取得',
  'the same image from a registry inside the cluster':
    '同じイメージをクラスター内のレジストリから取得',
  "trust_remote_code lets the model's repository run Python in the engine: read it first.":
    'trust_remote_code を指定すると、モデルのリポジトリの Python コードがエンジン内で実行されます。先にコードを確認してください。',
  'ulimit -n 65536 before the start command': '起動コマンドの前に ulimit -n 65536',
  'use the {1} GPUs that are there': 'そこにある {1} GPU を使用',
  'vLLM asks Ray for all GPUs at once and waits up to 30 minutes: a node has not joined, or the sizes are too large.':
    'vLLM はすべての GPU を一度に Ray に要求し、最大 30 分待ちます。ノードが参加していないか、並列数が大きすぎます。',
  'vLLM checked its configuration and refused it; the line says why.':
    'vLLM が設定を検査して拒否しました。理由は該当行にあります。',
  'vLLM sizes its KV cache from how free memory falls while it profiles; something else freed or took memory on the same GPU meanwhile.':
    'vLLM は、プロファイル中の空きメモリの減り方から KV キャッシュの大きさを決めます。その間に、同じ GPU で別のプロセスがメモリを解放または確保しました。',
  'vLLM wants gpu_memory_utilization of the whole GPU free at its start; another process (often the engine of an earlier attempt) holds some of it.':
    'vLLM は起動時に、GPU 全体のうち gpu_memory_utilization の割合が空いていることを求めます。別のプロセス（多くは前回のエンジン）が一部を使っています。',
  "vLLM's own images carry none since 0.18; a job over several nodes needs it in every task's image.":
    'vLLM のイメージには 0.18 以降 Ray が含まれていません。複数ノードのジョブでは、すべてのタスクのイメージに必要です。',
  'wait for the next period, or ask for points': '次の期間を待つか、ポイントを申請',
  "wait for the queue's other jobs": 'キュー内のほかのジョブの終了を待つ',
  'wait longer for the workers': 'ワーカーを待つ時間を延ばす',
  'wait some hours': '数時間待つ',
  'weights of half the size': '重みを半分の大きさにする',
  "weights on a faster volume, or in the node's memory or disk":
    '重みをより速いボリューム、またはノードのメモリかディスクに置く',
  '{1} GPUs in the node': 'ノード内で {1} GPU を使用',
  '{1} stages divide {2} layers': '{1} ステージなら {2} 層を等分できます',
  // What sizing assumed.
  'GPU {1} taken as {2} (it could be {3})':
    'GPU {1} を {2} とみなしました（{3} の可能性もあります）',
  'KV cache as measured {1}': 'KV キャッシュは {1} の実測値',
  'config.json names no dtype: bfloat16 taken':
    'config.json に dtype がないため bfloat16 とみなしました',
  'dtype auto would be bfloat16, which this GPU lacks: sized as such':
    'dtype auto は bfloat16 になりますが、この GPU は対応していません（bfloat16 として計算）',
  'engine: {1} {2}, the newest recommended for this GPU':
    'エンジン: {1} {2}（この GPU に推奨される最新版）',
  'estimate only: {1} is computed as a plain decoder':
    '概算です: {1} は通常のデコーダーとして計算しています',
  'max_num_batched_tokens {1}, the default of this version and GPU':
    'max_num_batched_tokens は {1}（このバージョンと GPU の既定値）',
  'memory of a {1}g.{2}gb slice taken as {3} GiB':
    '{1}g.{2}gb スライスのメモリを {3} GiB とみなしました',
  'the checkpoint of {1} is taken as stored in {2}, groups of 128':
    '{1} のチェックポイントは {2}（グループサイズ 128）で保存されているとみなしました',
  'the model does not allow TP {1}': 'このモデルでは TP {1} を使えません',
  'the vision tower ({1}) is counted as plain transformer layers':
    'ビジョンタワー（{1}）は通常の Transformer 層として数えています',
  '{1} chosen: the most tensor parallelism inside a node':
    '{1} を選択: ノード内でテンソル並列数が最大',
  '{1} chosen: the most tensor parallelism inside a node that fits':
    '{1} を選択: メモリに収まる範囲でノード内のテンソル並列数が最大',
  '{1} is taken as {2} stored as {3} ({4} bits)':
    '{1} は {2} を {3}（{4} ビット）で保存したものとみなしました',
  '{1} is taken to have the shapes of {2}': '{1} の形状は {2} と同じとみなしました',
  '{1} {2} is not covered: computed as {3} {4}':
    '{1} {2} は対象外のため、{3} {4} として計算しました',
  '{1}: {2} GiB is an estimate within 0.3 GiB': '{1}: {2} GiB は推定値（誤差 0.3 GiB 以内）',
  ended: '終了',
  // What a status and a timeline say.
  '1 earlier start': '過去 1 回の起動',
  '{1} earlier starts': '過去 {1} 回の起動',
  "sizing's cold start": 'サイジングによるコールドスタート見積もり',
  'Nothing new for {1}; earlier starts: {2} at most.':
    '{1} 前から進展がありません（過去の起動では最大 {2}）。',
  'Nothing new for {1}; more than {2} is unusual here.':
    '{1} 前から進展がありません。ここで {2} を超えるのは通常ではありません。',
  'A port was taken meanwhile: another one is tried.':
    'その間にポートが使用されたため、別のポートを試します。',
  'Compiling bytecode': 'バイトコードをコンパイル中',
  'It runs on the host {1}; this is {2}.': 'ジョブはホスト {1} で動いています。ここは {2} です。',
  'No OpenAI API at {1}: /models answers {2}.':
    '{1} に OpenAI API がありません（/models の応答: {2}）。',
  'Open WebUI starts.': 'Open WebUI を起動しています。',
  'Preparing the environment of {1}, once.': '{1} の環境を準備しています（初回のみ）。',
  'Python {1}.{2} and the lock': 'Python {1}.{2} とロックファイル',
  'Ray head and {1} worker(s) on 127.0.0.1': '127.0.0.1 上の Ray ヘッドとワーカー {1} 個',
  'Starting again (the last try) after: {1}': '再起動します（最後の試行）。原因: {1}',
  'Starting again ({1} more after this one) after: {2}':
    '再起動します（このあと残り {1} 回）。原因: {2}',
  'Stopped on request.': '要求により停止しました。',
  'Stopped while the environment of {1} was made.': '{1} の環境の作成中に停止しました。',
  'Stopped; its supervisor was gone.': '停止しました。スーパーバイザーはすでにありませんでした。',
  'The command ended with exit code 0.': 'コマンドは終了コード 0 で終了しました。',
  'The command runs; it offers no service to ask.':
    'コマンドは実行中です。状態を確認できるサービスはありません。',
  'The engine is at {1} now.': 'エンジンのアドレスは現在 {1} です。',
  'The engine says 503 on /health.': 'エンジンが /health に 503 を返しています。',
  'The forward was stopped (SIGSTOP), so it was ended.':
    '転送プロセスが一時停止（SIGSTOP）していたため終了しました。',
  'The given command, as it is.': '指定されたコマンドをそのまま実行します。',
  "The job's folder was removed.": 'ジョブのフォルダーが削除されました。',
  "The job's run record is damaged, so nobody knows who runs it; `stop` still ends it.":
    'ジョブの実行記録が壊れているため、実行元が分かりません。`stop` で終了できます。',
  "The job's supervisor (process {1}) was stopped (SIGSTOP).":
    'ジョブのスーパーバイザー（プロセス {1}）が一時停止（SIGSTOP）されました。',
  "The job's supervisor is dead; `delete` ends what may be left of the job.":
    'ジョブのスーパーバイザーが終了しています。残ったプロセスは `delete` で終了できます。',
  'The lease is over; `extend` would have moved it.':
    '利用期限が切れました（`extend` で延長できました）。',
  'The machine was started anew since; the job is gone.':
    'その後マシンが再起動され、ジョブは失われました。',
  'The process of rank {1} (pipeline stage {2}) died.':
    'rank {1}（パイプラインステージ {2}）のプロセスが異常終了しました。',
  "The process of vLLM's engine core died.": 'vLLM のエンジンコアのプロセスが異常終了しました。',
  'The start command': '開始コマンド',
  'The supervisor ended without a word.': 'スーパーバイザーが理由を残さずに終了しました。',
  'The vLLM server': 'vLLM サーバー',
  'The vLLM server has not answered for {1} s.': 'vLLM サーバーが {1} 秒間応答していません。',
  'There is no job {1} any more.': 'ジョブ {1} はもうありません。',
  'Waited {1} s for {2}, in vain.': '{2} を {1} 秒待ちましたが、準備ができませんでした。',
  'Waiting for {1} ({2}).': '{1} を待っています（{2}）。',
  'Waiting for {1}.': '{1} を待っています。',
  'compiling: graph for {1} in {2} s': 'コンパイル中: {1} のグラフ（{2} 秒）',
  'compiling: traced in {1} s': 'コンパイル中: トレース完了（{1} 秒）',
  'compiling: tracing the model': 'コンパイル中: モデルをトレースしています',
  'graphs {1}/{2}': 'グラフ {1}/{2}',
  'shards {1}/{2}': 'シャード {1}/{2}',
  'titles, tags and follow-ups ask the model 3 to 4 times more for each message':
    'タイトル、タグ、質問候補の生成により、メッセージごとにモデルへの要求が 3～4 回増えます',
  '{1} It did not go on within {2} s.': '{1} {2} 秒以内に再開しませんでした。',
  "{1} can't be reached: {2}": '{1} に接続できません: {2}',
  '{1} did not join Ray within {2} s.': '{1} が {2} 秒以内に Ray に参加しませんでした。',
  '{1} does not answer at {2}: {3}.': '{1} が {2} で応答しません: {3}。',
  '{1} ended with exit code {2}.': '{1} が終了コード {2} で終了しました。',
  '{1} ended with exit code {2}: {3}': '{1} が終了コード {2} で終了しました: {3}',
  '{1} has ended ({2}); this goes on when it is launched again.':
    '{1} は終了しています（{2}）。再び起動されると続行します。',
  '{1} has not answered for {2} s.': '{1} が {2} 秒間応答していません。',
  '{1} refuses a request without a key ({2} at {3}).':
    '{1} はキーのない要求を拒否します（{3} が {2} を返しました）。',
  '{1} refuses the key it was given ({2} at {3}).':
    '{1} は渡されたキーを拒否しました（{3} が {2} を返しました）。',
  '{1} was killed by signal {2}.': '{1} がシグナル {2} で強制終了されました。',
  '{1} was killed by signal {2}: {3}': '{1} がシグナル {2} で強制終了されました: {3}',
  '{1} was stopped (SIGSTOP): process {2}.': '{1} が一時停止（SIGSTOP）されました: プロセス {2}。',
  '{1} worker(s)': 'ワーカー {1} 個',
  '{1}/{2} nodes: {3}-{4} joined': 'ノード {1}/{2}: {3}-{4} が参加しました',
  '{1}: converting': '{1}: 変換中',
  '{1}: downloading': '{1}: ダウンロード中',
  // What clusters say.
  "A container can't be made: {1}.": 'コンテナーを作成できません: {1}。',
  'A limit of the namespace allows at most {1} of {2}: {3}.':
    '名前空間の制限により {2} は最大 {1} です: {3}。',
  'A quota of the namespace asks that every pod says its {1}.':
    '名前空間のクォータにより、すべての Pod に {1} の指定が必要です。',
  'A quota of the namespace does not allow it: {1}.':
    '名前空間のクォータにより許可されません: {1}。',
  "A volume can't be mounted: {1}": 'ボリュームをマウントできません: {1}',
  'All {1} pods start together or none does, and {2} find no node yet.':
    '{1} 個の Pod はすべて同時に起動する必要がありますが、{2} 個に割り当てるノードがまだありません。',
  'It stands in the queue {1}, which has no room for it yet.':
    'キュー {1} で待っています。まだ空きがありません。',
  'Its lease has passed.': '利用期限が切れました。',
  "Its pods can't be made: {1}": 'Pod を作成できません: {1}',
  'KubeRay ended the job: {1}.': 'KubeRay がジョブを終了しました: {1}。',
  'KubeRay says: {1}': 'KubeRay からのメッセージ: {1}',
  'Kueue holds it back until the queue {1} has room.':
    'キュー {1} に空きができるまで Kueue が保留しています。',
  'Locked until {1}.': '{1} までロックされています。',
  "Locked: the platform won't release it.": 'ロックされています。プラットフォームは解放しません。',
  'None of {1} nodes has room now: {2}.': '{1} ノードのいずれにも現在空きがありません: {2}。',
  'The only node has no room now: {1}.': '唯一のノードに現在空きがありません: {1}。',
  'Nothing is heard of {1}: its node {2} does not answer the cluster.':
    '{1} から応答がありません。ノード {2} がクラスターに応答していません。',
  'Nothing was heard for {1} s: {2}': '{1} 秒間応答がありません: {2}',
  'Stopped.': '停止しました。',
  'The cluster does not allow its pods: {1}': 'クラスターがこの Pod を許可していません: {1}',
  "The cluster's queue holds its pods back (scheduling gates).":
    'クラスターのキューが Pod を保留しています（scheduling gates）。',
  'The engine asks for no key: every pod of the cluster that reaches it can use it.':
    'このエンジンはキーを要求しません。クラスター内で到達できる Pod はどれも使用できます。',
  'The head ended.': 'ヘッドが終了しました。',
  "The image {1} can't be pulled: {2}": 'イメージ {1} を取得できません: {2}',
  "The image {1} can't be pulled: {2}. ({3})": 'イメージ {1} を取得できません: {2}。（{3}）',
  'The job failed.': 'ジョブが失敗しました。',
  'The job was restarted: its head is at {1} now, it was at {2}.':
    'ジョブが再起動されました。ヘッドは {2} から {1} に移りました。',
  'The platform holds the job back until your usage is below your quota (prequeue).':
    '使用量がクォータを下回るまで、プラットフォームがジョブを保留しています（prequeue）。',
  'The platform released the job (idle, too old, or cleaned up).':
    'プラットフォームがジョブを解放しました（アイドル、期間超過、または整理のため）。',
  "The platform releases jobs after 4 days ({1}), and those whose GPUs idle for 2 h (with 30 minutes' notice). A lock, asked for on the job's page, holds it off.":
    'プラットフォームは 4 日後（{1}）にジョブを解放し、GPU が 2 時間アイドルのジョブも（30 分前に予告して）解放します。ジョブのページでロックを申請すると解放されません。',
  'any time now, a day after its warning': '警告の 1 日後、まもなく',
  '{1} h left': '残り {1} 時間',
  'The pod of {1} failed: {2}.': '{1} の Pod が失敗しました: {2}。',
  "The queue's share is in use: {1}": 'キューの割り当ては使用中です: {1}',
  'The quota {1} does not allow it ({2}).': 'クォータ {1} により許可されません（{2}）。',
  'Volcano ended the job: a task failed.': 'Volcano がジョブを終了しました: タスクが失敗しました。',
  'Volcano ended the job: {1}.': 'Volcano がジョブを終了しました: {1}。',
  'a job of higher priority took its place': '優先度の高いジョブに置き換えられました',
  'a pod was evicted': 'Pod が退避されました',
  'a task failed, so the job was ended': 'タスクが失敗したため、ジョブは終了されました',
  'all pods start anew': 'すべての Pod を起動し直しています',
  'all pods start anew: {1}': 'すべての Pod を起動し直しています: {1}',
  'being deleted': '削除中',
  'deleted {1} min ago, but held by the finalizer {2}':
    '{1} 分前に削除されましたが、ファイナライザー {2} が保持しています',
  'it was evicted (a node being drained, mostly)': '退避されました（多くはノードのドレインのため）',
  'its node is gone': 'ノードがなくなりました',
  'its node ran short of resources, or was shut down':
    'ノードのリソースが不足したか、ノードが停止されました',
  'its node was closed or stopped answering': 'ノードが閉鎖されたか、応答しなくなりました',
  'restart {1} of {2}': '再起動 {1}/{2}',
  'restart {1} of {2}: {3}': '再起動 {1}/{2}: {3}',
  "that is no image's name": 'イメージ名として正しくありません',
  'the job failed': 'ジョブが失敗しました',
  "the node's disk is full": 'ノードのディスクがいっぱいです',
  'the registry allows no more pulls now': 'レジストリの取得回数の上限に達しています',
  "the registry can't be reached": 'レジストリに接続できません',
  'the registry has no such image': 'レジストリにこのイメージがありません',
  'the registry wants a login': 'レジストリへのログインが必要です',
  'waiting for its pods to end': 'Pod の終了を待っています',
  'waiting for nodes': 'ノードを待っています',
  'waiting for nodes: {1} of {2} nodes': 'ノードを待っています: {1}/{2}',
  'waiting for nodes: {1} of {2} nodes{3}': 'ノードを待っています: {1}/{2}{3}',
  '{1} being drained': '{1} 個はドレイン中',
  '{1} closed to it by a taint ({2})': '{1} 個は taint により使用不可（{2}）',
  '{1} full of pods': '{1} 個は Pod 数が上限',
  '{1} has ended.': '{1} は終了しました。',
  '{1} is gone: its node stopped answering.': '{1} が失われました: ノードが応答しなくなりました。',
  '{1} is gone: {2}.': '{1} が失われました: {2}。',
  '{1} of {2} pods not made yet': '{2} 個中 {1} 個の Pod が未作成',
  '{1} of {2} pods run': '{2} 個中 {1} 個の Pod が実行中',
  '{1} out of reach of the volume': '{1} 個はボリュームに到達不可',
  '{1} runs, but its engine does not answer /health.':
    '{1} は実行中ですが、エンジンが /health に応答しません。',
  '{1} used more memory than it may (its limit is {2}).':
    '{1} がメモリの上限を超えました（上限 {2}）。',
  '{1} used more memory than it may.': '{1} がメモリの上限を超えました。',
  '{1} was evicted: {2}': '{1} が退避されました: {2}',
  '{1} with the port in use': '{1} 個はポートが使用中',
  '{1} with too few free GPUs ({2})': '{1} 個は空き GPU が不足（{2}）',
  '{1} with too little {2} free': '{1} 個は {2} の空きが不足',
  '{1} without the labels it asks for (the GPU type, for instance)':
    '{1} 個は要求されたラベルがありません（GPU の種類など）',
  '{1}: the node refused it: {2}': '{1}: ノードに拒否されました: {2}',
  '{1}: {2} of {3} in use, {4} more asked for': '{1}: {3} のうち {2} を使用中、さらに {4} を要求'
};

import type { Words } from '../i18n';

export const zhCN: Words = {
  '{free} of {total} free, {most} on one node':
    '{total} 个中 {free} 个空闲，单个节点最多 {most} 个',
  '(default)': '（默认）',
  '(none)': '（无）',
  '(of what was asked, not of the rehearsal)': '（按所请求的配置计算，而非预演）',
  'API (from the kernel)': 'API（从内核访问）',
  'Advanced ({count})': '高级设置（{count}）',
  'All templates': '所有模板',
  Alternatives: '备选方案',
  Answer: '回答',
  'Apply and relaunch': '应用并重新启动',
  'As code': '查看代码',
  'Ask {name} again': '重新查询 {name}',
  'At once': '并发请求数',
  'Back to {value}': '恢复为 {value}',
  'CUDA graphs': 'CUDA 图',
  Cancel: '取消',
  Capacity: '容量',
  Chat: '对话',
  'Chat with a job': '与作业对话',
  'Chat with {name}': '与 {name} 对话',
  'Choose a template': '选择模板',
  'Choose a template, see whether it fits, launch it': '选择模板，确认显存是否足够，然后启动',
  Clear: '清空',
  Close: '关闭',
  Context: '上下文',
  'Context length': '上下文长度',
  Copied: '已复制',
  Copy: '复制',
  'Copy code': '复制代码',
  'Copy report': '复制报告',
  'Copy the URL of a job': '复制作业的 URL',
  'Copy the answer': '复制回答',
  'Copy the chat': '复制对话',
  'Copy the code that connects to a job': '复制连接作业的代码',
  'Copy the head IP of a job': '复制作业的头节点 IP',
  'Copy the head IP of {name}': '复制 {name} 的头节点 IP',
  'Copy the message': '复制消息',
  'Copy {what}': '复制{what}',
  'Crater: LLM jobs': 'Crater：大模型作业',
  'Data type': '数据类型',
  Delete: '删除',
  'Delete a job': '删除作业',
  'Delete {name} and everything of it?': '删除 {name} 及其全部数据？',
  Diagnosis: '诊断',
  'Does it fit?': '显存是否足够',
  Edit: '编辑',
  'Edit the message': '编辑消息',
  Engine: '引擎',
  'Engine version': '引擎版本',
  Error: '错误',
  Events: '事件',
  Evidence: '依据',
  Export: '导出',
  'Extend by 1 h': '延长 1 小时',
  Filter: '筛选',
  'Filter the jobs': '筛选作业',
  'Filter the log': '筛选日志',
  'Filter the templates': '筛选模板',
  'First token': '首个 token 延迟',
  Follow: '跟随',
  GPU: 'GPU',
  'GPU {ranks}': 'GPU {ranks}',
  'GPU {ranks}: {parts}; budget {budget}': 'GPU {ranks}：{parts}；上限 {budget}',
  GPUs: 'GPU',
  'GPUs per node': '每节点 GPU 数',
  'Head IP': '头节点 IP',
  'How many GPUs does it need?': '需要多少 GPU?',
  IP: 'IP',
  'Insert the cell that connects to a job': '插入连接作业的单元格',
  'It does not fit': '显存不足',
  'It fits': '显存足够',
  'It fits, but would not start': '显存足够，但无法启动',
  'It has no {what} yet.': '尚无{what}。',
  'It stays as it was: {why}.': '未作更改：{why}。',
  'Its memory can’t be told from what is known.': '根据已知信息无法计算所需显存。',
  Jobs: '作业',
  'KV cache': 'KV 缓存',
  'KV cache tokens': 'KV 缓存 token 数',
  'KV cache type': 'KV 缓存类型',
  Keep: '取消',
  'Keep {name} for another hour?': '让 {name} 再运行一小时？',
  Launch: '启动',
  'Launch a model': '启动模型',
  'Launch all the same': '仍然启动',
  'Launch the rehearsal': '启动预演',
  'Launching …': '正在启动…',
  Lease: '租期',
  Load: '负载',
  'Loading …': '正在加载…',
  Log: '日志',
  'Log lines': '日志内容',
  'Look at all jobs again': '刷新所有作业',
  Memory: '显存',
  Message: '消息',
  'Message (Enter sends, Shift-Enter makes a new line)': '消息（Enter 发送，Shift-Enter 换行）',
  'Message to {name}': '发给 {name} 的消息',
  Messages: '消息列表',
  Model: '模型',
  'Most tokens of an answer': '回答的最大 token 数',
  Name: '名称',
  'No events yet.': '暂无事件。',
  'No job passes the filter.': '没有符合条件的作业。',
  'No jobs yet.': '暂无作业。',
  'No line passes the filter.': '没有符合条件的日志。',
  'No log lines yet.': '暂无日志。',
  'No template passes the filter.': '没有符合条件的模板。',
  Node: '节点',
  Nodes: '节点',
  'Not live: {message}': '并非实时状态：{message}',
  Note: '提示',
  'Nothing in events and logs says why.': '事件和日志中都找不到原因。',
  Open: '打开',
  'Open a job': '打开作业',
  'Open the URL of a job': '打开作业的 URL',
  'Open the URL of {name}': '打开 {name} 的 URL',
  Overview: '概览',
  Phase: '状态',
  'Pipeline parallel': '流水线并行',
  'Put into the fields': '填入各字段',
  Quantization: '量化',
  Quotas: '配额',
  'Read again': '重新读取',
  'Reading the logs …': '正在读取日志…',
  Refresh: '刷新',
  Regenerate: '重新生成',
  'Rehearsal: the same job scaled down to this machine ({count} changes)':
    '预演：同一作业缩小到本机规模（{count} 处更改）',
  'Requests at once': '并发请求数',
  'Reset {name}': '重置 {name}',
  Restarts: '重启次数',
  'Room for {tokens} tokens ({low} to {high})': '可容纳 {tokens} 个 token（{low} 至 {high}）',
  Running: '运行中',
  Save: '保存',
  Seed: '随机种子',
  Send: '发送',
  Setting: '设置项',
  Settings: '设置',
  'Share of GPU memory': 'GPU 显存占用比例',
  'Show manifest': '查看清单',
  'Show more ({count} characters left)': '显示更多（剩余 {count} 个字符）',
  'Show the Crater panel': '显示 Crater 面板',
  'Start command': '启动命令',
  Stop: '停止',
  'Stop a job': '停止作业',
  'Stop {name}? Its log stays.': '停止 {name}？日志会保留。',
  'System prompt': '系统提示词',
  Task: '任务',
  Tasks: '任务',
  Temperature: '温度',
  Templates: '模板',
  'Tensor parallel': '张量并行',
  'The browser refused to copy.': '浏览器拒绝了复制操作。',
  'The chat opens when the job serves.': '作业开始服务后即可对话。',
  'The context is full: {count} older messages were not sent.':
    '上下文已满：{count} 条较早的消息未发送。',
  'The kernel is busy: what you asked for happens when the running cell ends.':
    '内核正忙：当前单元格运行结束后才会处理您的操作。',
  'The kernel of this view is gone: run its cell again.':
    '此视图的内核已不存在，请重新运行单元格。',
  'Thinking … {time}': '思考中… {time}',
  'This backend doesn’t tell its capacity.': '此后端不提供容量信息。',
  'This job is no longer there. What you see is how it was.':
    '该作业已不存在，此处显示的是其最后状态。',
  'This link was left out: it is not an http(s) address.': '此链接不是 http(s) 地址，已略去。',
  'This machine is not the cluster: it will be a rehearsal ({count} changes).':
    '本机不是集群，将以预演方式运行（{count} 处更改）。',
  'Thought for {time}': '思考用时 {time}',
  Thoughts: '思考过程',
  Time: '时间',
  Timeline: '时间线',
  'Tokens/s': 'token/秒',
  'Top-p': 'Top-p',
  'Try again': '重试',
  URL: 'URL',
  Use: '采用',
  Waiting: '等待中',
  'Waiting for the first token …': '正在等待首个 token…',
  Warning: '警告',
  What: '内容',
  'What was assumed ({count})': '所作假设（{count}）',
  Where: '运行位置',
  Why: '查看原因',
  You: '您',
  'a number from {min} to {max}': '{min} 到 {max} 之间的数值',
  'a whole number': '整数',
  activations: '激活值',
  'all tasks': '所有任务',
  asked: '请求值',
  'attempt {number}': '第 {number} 次启动',
  because: '原因',
  budget: '上限',
  certain: '确定',
  closed: '暂停调度',
  failed: '失败',
  'first token after {time}': '首个 token 用时 {time}',
  free: '空闲',
  'full-length requests at once': '最大长度请求的并发数',
  'image: {name}': '图片：{name}',
  likely: '很可能',
  'loading weights': '正在加载权重',
  'longer than {source}': '已超过 {source}',
  measured: '实测',
  'no jobs': '无作业',
  'not yet': '暂无',
  other: '其他',
  possible: '可能',
  predicted: '预测',
  pulling: '正在拉取',
  queued: '排队中',
  restarting: '正在重启',
  scheduled: '已调度',
  searched: '自动搜索',
  serving: '服务中',
  'serving in about {time} ({source})': '预计约 {time}后开始服务（{source}）',
  starting: '启动中',
  'starting Ray': '正在启动 Ray',
  'starting the engine': '正在启动引擎',
  stopped: '已停止',
  stopping: '正在停止',
  "the engine's own": '引擎默认值',
  'the oldest {count} no longer kept': '最早的 {count} 行已不再保留',
  tokens: 'token',
  total: '总数',
  unknown: '未知',
  unreachable: '无法连接',
  'until {time}': '至 {time}',
  used: '实际值',
  'waiting for workers': '正在等待工作节点',
  'warming up': '正在预热',
  weights: '权重',
  '{count} left out of a flood': '输出过多，已略去 {count} 行',
  '{count} lines': '{count} 行',
  '{count} requests of full length at once': '可同时处理 {count} 个最大长度的请求',
  '{count} tokens/s': '{count} token/秒',
  '{count} values are wrong: see the fields.': '有 {count} 个值不正确，请查看各字段。',
  '{model} on {gpus} × {gpu}: TP {tp} × PP {pp}, {engine}':
    '{model}（{gpu} × {gpus}）：TP {tp} × PP {pp}，{engine}',
  '{name} failed': '{name} 已失败',
  '{name} serves': '{name} 已开始服务',
  '{prompt} + {completion} tokens': '{prompt} + {completion} 个 token',
  '{shown} of {count} lines': '共 {count} 行，显示 {shown} 行',
  pending: '等待中',
  running: '运行中',
  done: '已完成',
  'Open, signed in': '登录并打开',
  'Its account: {command}': '账户：{command}',
  'Your browser can’t open it: it listens on the machine of Jupyter, which is another one.':
    '您的浏览器无法打开：它监听的是 Jupyter 所在的机器，而那是另一台机器。',
  'The browser did not open a new tab.': '浏览器没有打开新标签页。',
  'This job is a chat page itself: open it.': '此作业本身就是聊天页面，请打开它。',
  'Connect to': '连接到',
  'A job, or http://HOST:PORT/v1': '作业名，或 http://HOST:PORT/v1',
  // From Python (tests/told.json).
  '--trust-remote-code runs Python code that comes with {1}.':
    '--trust-remote-code 会运行 {1} 自带的 Python 代码。',
  '128 sequences at once instead of {1} would free {2} GiB per GPU for the KV cache.':
    '将并发序列数从 {1} 降到 128，每个 GPU 可为 KV 缓存腾出 {2} GiB。',
  'A rank of stage {1} needs {2} GiB for weights, {3} for activations, {4} for CUDA graphs and {5} for the rest; it may use {6} GiB ({7} × {8}).':
    '阶段 {1} 的每个 rank 需要：权重 {2} GiB、激活值 {3} GiB、CUDA 图 {4} GiB、其他 {5} GiB；而可用显存为 {6} GiB（{7} × {8}）。',
  'A rank of stage {1} needs {2} GiB for weights, {3} for activations, {4} for CUDA graphs, {5} for the rest and {6} for the KV cache; it has {7} GiB.':
    '阶段 {1} 的每个 rank 需要：权重 {2} GiB、激活值 {3} GiB、CUDA 图 {4} GiB、其他 {5} GiB、KV 缓存 {6} GiB；而显存只有 {7} GiB。',
  'An fp8 KV cache does not run on {1}.': '{1} 不支持 fp8 KV 缓存。',
  'Anyone who reaches its port can run commands in the job; tokens came with 2.52.':
    '任何能访问其端口的人都可以在作业中执行命令；令牌认证自 2.52 起才提供。',
  'Anyone who reaches its port can use it.': '任何能访问其端口的人都可以使用它。',
  'Ask for {1} GPUs per node': '每节点申请 {1} 个 GPU',
  'Beyond one rank per KV head, more tensor parallelism adds no KV cache.':
    '张量并行数超过 KV 头数后，继续增大也不会增加 KV 缓存。',
  'Beyond them its answers are noise; vLLM refuses to start.':
    '超出后回答将毫无意义；vLLM 会拒绝启动。',
  'Chunked prefill crashes on this GPU, and above 32,768 tokens vLLM {1} switches it on.':
    '分块预填充在此 GPU 上会崩溃，而 vLLM {1} 在超过 32,768 个 token 时会自动启用它。',
  'Chunked prefill crashes on this GPU.': '分块预填充在此 GPU 上会崩溃。',
  'Does not fit: each of {1} × {2} is {3} GiB short.': '显存不足：{2} × {1}，每个缺 {3} GiB。',
  'Each of the {1} KV heads is kept on {2} ranks.':
    '{1} 个 KV 头中的每一个都会在 {2} 个 rank 上各保存一份。',
  "Estimate only: memory is computed by vLLM's laws, not {1}'s.":
    '仅为估算：显存按 vLLM 而非 {1} 的规律计算。',
  'Estimate only: {1} is computed as a plain decoder.': '仅为估算：{1} 按普通解码器计算。',
  'Every stage needs at least one layer.': '每个阶段至少需要一层。',
  'Have a key made': '自动生成密钥',
  'It needs compute capability 8.9, or 8.0 with a slower path.':
    '需要计算能力 8.9；8.0 也可以，但速度较慢。',
  'It needs {1}.{2} or newer.': '需要 {1}.{2} 或更高版本。',
  'It prints each call of each rank.': '它会输出每个 rank 的每次调用。',
  'It uses a Triton kernel that needs Ampere or newer (vllm#13738, #4059).':
    '它所用的 Triton 内核需要 Ampere 或更新的架构（vllm#13738、#4059）。',
  'Its Triton kernel needs Ampere or newer (vllm#5533, #8024, #11352).':
    '其 Triton 内核需要 Ampere 或更新的架构（vllm#5533、#8024、#11352）。',
  'Its V1 engine has no FlashAttention below compute capability 8.0 (vllm#25528).':
    '其 V1 引擎在计算能力低于 8.0 时没有 FlashAttention（vllm#25528）。',
  'Its activations exceed 65,504, the largest float16.': '其激活值会超过 float16 的最大值 65,504。',
  'Its build holds CUDA code for {1}.': '该构建只包含面向以下计算能力的 CUDA 代码：{1}。',
  'Its layers are not modelled one by one.': '未对其各层逐一建模。',
  'Keep the KV cache in 16 bits': '以 16 位保存 KV 缓存',
  'Keep the KV cache in fp8': '以 fp8 保存 KV 缓存',
  'Leave it off': '保持关闭',
  'Leave it out': '不使用该选项',
  'Leave {1} out': '去掉 {1}',
  'Let the engine size the KV cache': '由引擎决定 KV 缓存大小',
  'Limit the context to 32,768 tokens': '将上下文限制为 32,768 个 token',
  'Limit the context to {1} tokens': '将上下文限制为 {1} 个 token',
  'Mount 8 GiB of memory at /dev/shm': '在 /dev/shm 挂载 8 GiB 内存',
  "NCCL and vLLM's message queue need more than the 64 MiB of container runtimes.":
    'NCCL 和 vLLM 的消息队列需要的共享内存超过容器运行时默认的 64 MiB。',
  'NCCL_DEBUG=TRACE floods the log and slows every transfer.':
    'NCCL_DEBUG=TRACE 会产生海量日志，并拖慢每次传输。',
  'Neither {1} % {2} nor {3} % {4} is 0.': '{1} % {2} 与 {3} % {4} 均不为 0。',
  'One rank runs on each GPU.': '每个 GPU 运行一个 rank。',
  'One request needs {1} GiB on a rank that has {2} GiB left.':
    '单个请求在每个 rank 上需要 {1} GiB，而剩余仅 {2} GiB。',
  'One stage per layer at most': '阶段数不超过层数',
  "Only vLLM's memory was read and measured.": '只对 vLLM 的显存用量做过分析和实测。',
  'Prefill 2,048 tokens at once': '每次预填充 2,048 个 token',
  'Prefix caching crashes on this GPU.': '前缀缓存在此 GPU 上会崩溃。',
  'Serve at most 128 sequences at once': '最多同时处理 128 个序列',
  'Shared memory is {1} GiB for {2} ranks of a node.':
    '单个节点上有 {2} 个 rank，共享内存仅 {1} GiB。',
  'TP {1} × PP {2} is {3} ranks; there are {4} GPUs.':
    'TP {1} × PP {2} 共 {3} 个 rank，而 GPU 有 {4} 个。',
  "Tensor parallel {1} cuts the quantization's groups of the MLP.":
    '张量并行 {1} 会切断 MLP 的量化分组。',
  'Tensor parallel {1} does not divide the MLP of {2}.': 'MLP 维度 {2} 不能被张量并行 {1} 整除。',
  "Tensor parallel {1} does not divide the experts' width of {2}.":
    '专家维度 {2} 不能被张量并行 {1} 整除。',
  'Tensor parallel {1} does not divide the padded vocabulary of {2}.':
    '填充后的词表大小 {2} 不能被张量并行 {1} 整除。',
  "Tensor parallel {1} does not divide the shared experts' width of {2}.":
    '共享专家维度 {2} 不能被张量并行 {1} 整除。',
  'Tensor parallel {1} does not divide the {2} attention heads.':
    '注意力头数 {2} 不能被张量并行 {1} 整除。',
  'Tensor parallel {1} does not divide the {2} experts.': '专家数 {2} 不能被张量并行 {1} 整除。',
  'Tensor parallel {1} does not fit {2} KV heads.': '张量并行 {1} 与 KV 头数 {2} 不匹配。',
  'Tensor parallel {1} spans nodes of {2} GPUs.': '张量并行 {1} 跨越了每台 {2} 个 GPU 的节点。',
  'The CUDA context and NCCL take {1} GiB of {2}.':
    'CUDA 上下文和 NCCL 占用 {2} GiB 中的 {1} GiB。',
  'The CUDA context takes {1} GiB of {2}.': 'CUDA 上下文占用 {2} GiB 中的 {1} GiB。',
  'The KV cache holds {1} tokens of one request; max_model_len is {2}.':
    'KV 缓存最多容纳单个请求的 {1} 个 token，而 max_model_len 为 {2}。',
  'The Ray beside vLLM {1} may be {2}: no token authentication.':
    'vLLM {1} 所带的 Ray 可能是 {2}，没有令牌认证。',
  'The arch lists and memory laws here were read from CUDA builds.':
    '此处的架构列表和显存规律均来自 CUDA 构建。',
  'The profile run samples {1} × {2} logits.': '性能剖析运行会对 {1} × {2} 个 logits 采样。',
  'The service asks for no API key.': '该服务不要求 API 密钥。',
  'They need about {1} GiB on top of the limit in vLLM {2}.':
    '在 vLLM {2} 中，它们在上限之外还需要约 {1} GiB。',
  'This model needs it: read the code first.': '此模型需要它：请先阅读代码。',
  'Two all-reduces per layer and token then cross the network.':
    '这样每层、每个 token 都有两次 all-reduce 要经过网络。',
  'Use --dtype half (float16)': '使用 --dtype half（float16）',
  'Use --dtype {1}': '使用 --dtype {1}',
  'Use NCCL_DEBUG=WARN': '使用 NCCL_DEBUG=WARN',
  'Use TP {1}': '改用 TP {1}',
  'Use TP {1} inside a node and PP {2} between them': '节点内用 TP {1}，节点间用 PP {2}',
  'Use TP {1} × PP {2} on the same {3} GPUs': '在同样的 {3} 个 GPU 上改用 TP {1} × PP {2}',
  'Use a GPTQ copy of the model': '使用该模型的 GPTQ 版本',
  'Use all {1} GPUs: TP {2} × PP {3}': '使用全部 {1} 个 GPU：TP {2} × PP {3}',
  'Use an image of your own with Ray inside': '使用自建的含 Ray 镜像',
  'Use the 16-bit weights': '使用 16 位权重',
  'Use vLLM {1} ({2})': '使用 vLLM {1}（{2}）',
  'Use {1}': '使用 {1}',
  'Use {1} GPUs: TP {2} × PP {3}': '使用 {1} 个 GPU：TP {2} × PP {3}',
  'Use {1} of each GPU': '使用每个 GPU 显存的 {1}',
  'Use {1} tokens': '改为 {1} 个 token',
  'as many requests at once as a few cores can answer': '少量 CPU 核心能同时应答的请求数',
  'bfloat16 does not run on {1} (compute capability {2}).': '{1}（计算能力 {2}）不支持 bfloat16。',
  'bfloat16 needs compute capability 8.0 or newer [vllm platforms/cuda.py].':
    'bfloat16 需要计算能力 8.0 或更高 [vllm platforms/cuda.py]。',
  'compiling takes minutes on a CPU': '在 CPU 上编译需要数分钟',
  'flags are written for the vLLM that runs here': '参数按本机运行的 vLLM 编写',
  'fp8 arithmetic needs compute capability 8.9; Marlin unpacks the weights.':
    'fp8 运算需要计算能力 8.9；权重由 Marlin 解包。',
  'fp8 weights on {1} save memory, but are computed in 16 bits.':
    '在 {1} 上，fp8 权重可节省显存，但仍以 16 位计算。',
  'gpu_memory_utilization {1} asks for more than is free at start.':
    'gpu_memory_utilization {1} 超过了启动时的空闲显存。',
  'gpu_memory_utilization {1} leaves little room for CUDA graphs.':
    'gpu_memory_utilization {1} 给 CUDA 图留下的空间很少。',
  'max_model_len {1} exceeds the {2} positions of {3}.':
    'max_model_len {1} 超过了 {3} 的最大位置数 {2}。',
  'no GPU is used in a rehearsal': '预演不使用 GPU',
  'no code of a model runs on this machine unless you ask for it':
    '除非您明确要求，否则不会在本机运行模型自带的代码',
  "the CPU keeps it in the model's format": 'CPU 按模型自身的格式保存',
  "the CPU's own 16-bit format": 'CPU 自身的 16 位格式',
  'the KV cache holds {1} tokens of one request, not {2}':
    'KV 缓存最多容纳单个请求的 {1} 个 token，不足 {2} 个',
  'the embedded model, which a CPU can serve': '内置模型，可在 CPU 上运行',
  'the embedded model, which a CPU can serve; the one you gave is not on this machine, and a rehearsal downloads none':
    '内置模型，可在 CPU 上运行；您指定的模型不在本机，而预演不会下载模型',
  "the engine environment's": '引擎环境中的版本',
  "the template's default is longer than this model can do": '模板的默认值超过了此模型支持的长度',
  'there is no GPU memory to take a share of; 300 MiB a rank':
    '没有可按比例分配的显存；每个 rank 使用 300 MiB',
  'vLLM implements {1} itself; the flag is not needed.': 'vLLM 自身已实现 {1}，不需要此参数。',
  'vLLM {1} does not know {2}.': 'vLLM {1} 不支持 {2}。',
  'vLLM {1} runs on {2}, but slowly.': 'vLLM {1} 可以在 {2} 上运行，但速度较慢。',
  "vLLM's images have none since 0.18 (vllm#36170).":
    'vLLM 的镜像自 0.18 起不再包含 Ray（vllm#36170）。',
  '{1} % {2} = {3}; vLLM refuses to start.': '{1} % {2} = {3}；vLLM 会拒绝启动。',
  '{1} GPUs stay idle.': '有 {1} 个 GPU 闲置。',
  '{1} GiB short on each GPU': '每个 GPU 缺 {1} GiB',
  '{1} Ray node(s) × {2} logical GPU on this CPU': '本机 CPU 上 {1} 个 Ray 节点 × {2} 个逻辑 GPU',
  '{1} came with vLLM {2}.': '{1} 自 vLLM {2} 起才提供。',
  '{1} carries no Ray, which {2} nodes need.': '{1} 不含 Ray，而 {2} 个节点的作业需要 Ray。',
  '{1} cores here; tensor parallel would spin on them': '本机有 {1} 个核心；张量并行会在其上空转',
  '{1} does not run on {2} (compute capability {3}).': '{1} 无法在 {2}（计算能力 {3}）上运行。',
  '{1} has no thinking tokens': '{1} 没有思考 token',
  '{1} is gone since vLLM {2}.': '{1} 自 vLLM {2} 起已移除。',
  '{1} is known to overflow in float16.': '已知 {1} 在 float16 下会溢出。',
  '{1} is not an NVIDIA GPU: estimate only.': '{1} 不是 NVIDIA GPU：仅为估算。',
  '{1} is not quantised': '{1} 未经量化',
  '{1} per rank is no multiple of a group.': '每个 rank 的 {1} 不是分组大小的整数倍。',
  '{1} pipeline stages for {2} layers.': '{2} 层却有 {1} 个流水线阶段。',
  "{1} was made for short texts, and a CPU's prefill is slow": '{1} 面向短文本，且 CPU 预填充较慢',
  '{1} {2} does not run on {3} (compute capability {4}).':
    '{1} {2} 无法在 {3}（计算能力 {4}）上运行。',
  // Of the cards of a diagnosis.
  "--disable-network-policy=true for Volcano's svc plugin":
    '为 Volcano 的 svc 插件设置 --disable-network-policy=true',
  'A GPU or a kernel failed': 'GPU 或内核出错',
  'A Ray process of the cluster was killed': '集群的一个 Ray 进程被终止',
  'A collective operation timed out': '集合通信操作超时',
  'A container ends again and again': '容器反复退出',
  "A dimension of the model can't be divided among the tensor-parallel ranks":
    '模型的某个维度无法在张量并行的各 rank 间均分',
  'A disk or quota is full': '磁盘或配额已满',
  'A file or folder may not be read or written': '没有读取或写入某个文件或文件夹的权限',
  'A flag of the start command no longer exists in this vLLM':
    '启动命令中的某个参数在此 vLLM 中已不存在',
  'A host name has no address': '主机名无法解析到地址',
  'A kind of object is not installed there, or a field is not what its version expects.':
    '集群未安装其中某类对象，或某个字段与其版本不符。',
  'A more important job took the node': '节点被更重要的作业占用',
  'A network policy or firewall drops the connection': '网络策略或防火墙丢弃了连接',
  'A path that does not exist in the container is taken for a name on Hugging Face, hence the misleading words.':
    '容器中不存在的路径会被当作 Hugging Face 上的名称，因此报错文字容易误导。',
  'A pod was evicted from its node': 'Pod 被节点驱逐',
  'A port is taken': '端口已被占用',
  "A process asked for more than there was, or the kernel, Kubernetes or Ray's memory monitor killed it; the rest of the job then fails for want of it.":
    '某个进程申请的内存超过了可用量，或被内核、Kubernetes 或 Ray 的内存监视器终止；作业的其余部分随之失败。',
  'A process of the engine died': '引擎的一个进程已退出',
  'A quota refuses the job': '作业因配额被拒绝',
  'A secret, config map or account that the pod needs is missing':
    'Pod 所需的 Secret、ConfigMap 或服务账户不存在',
  'A setting is out of range or contradicts another': '某项设置超出范围或与其他设置矛盾',
  'A step did not come back within VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS (300): a rank hangs or is gone.':
    '某一步在 VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS（300）秒内没有返回：有 rank 卡住或已不存在。',
  'A step needed more than profiling had measured; what gpu_memory_utilization leaves free was too little.':
    '某一步所需的显存超过了剖析时的测量值；gpu_memory_utilization 留出的空间太少。',
  'A volume claim is not there or not bound': '卷声明（PVC）不存在或未绑定',
  'A volume could not be mounted': '卷挂载失败',
  'A weight file is damaged or only half there': '权重文件已损坏或不完整',
  'AWQ and GPTQ kernels compute in float16 only (newer ones in bfloat16 too).':
    'AWQ 和 GPTQ 内核只以 float16 计算（较新的也支持 bfloat16）。',
  'After the KV cache was allocated vLLM tries the sampler on max_num_seqs sequences at once; the logits of that many did not fit beside it.':
    '分配 KV 缓存之后，vLLM 会同时对 max_num_seqs 个序列试运行采样器；剩余显存放不下这么多序列的 logits。',
  'After weights and activations too little of the GPU is left for one request of max_model_len tokens.':
    '除去权重和激活值后，GPU 剩余的显存不足以容纳一个 max_model_len 个 token 的请求。',
  'All nodes must start from the same image.': '所有节点必须使用同一镜像启动。',
  'An admission webhook of the cluster does not answer': '集群的准入 Webhook 没有响应',
  'An interrupted download, or a git-lfs pointer in place of the file.':
    '下载被中断，或文件只是 git-lfs 指针。',
  'Another process (often an earlier attempt, or another job on a host network) listens on it.':
    '另一个进程（常常是上次启动的残留，或主机网络上的另一个作业）正在监听该端口。',
  "Another process changed the GPU's memory while it was measured":
    '测量期间另一个进程改变了 GPU 的显存占用',
  'Before it sizes the KV cache vLLM runs one batch of max_num_batched_tokens tokens; its activations did not fit beside the weights.':
    '在确定 KV 缓存大小之前，vLLM 会运行一个含 max_num_batched_tokens 个 token 的批次；除权重外，剩余显存放不下其激活值。',
  "Before vLLM's RayExecutorV2 the process that runs `vllm serve` needs a GPU on its own node.":
    '在 vLLM 的 RayExecutorV2 之前，运行 `vllm serve` 的进程需要其所在节点有 GPU。',
  'CUDA was started before the workers were forked': '在 fork 工作进程之前已初始化 CUDA',
  'Crater frees jobs whose GPUs do nothing for hours (or that run for days) unless they are locked.':
    '如果 GPU 空闲数小时（或作业已运行数天）且作业未锁定，Crater 会将其释放。',
  'Crater refuses the job for lack of points': '点数不足，Crater 拒绝了作业',
  "Each method's kernels need a minimum compute capability, and an engine that knows the method.":
    '每种量化方法的内核都要求最低计算能力，并要求引擎支持该方法。',
  'Every connection and every worker needs some.': '每个连接和每个 worker 都需要占用一些。',
  'Every pipeline stage needs at least one layer (before vLLM 0.6, the same number of them).':
    '每个流水线阶段至少需要一层（在 vLLM 0.6 之前，各阶段层数必须相同）。',
  "GPUs can't reach each other's memory directly": 'GPU 之间无法直接访问显存',
  'GPUs would be there, but not the CPU cores or memory that one task asks for beside them.':
    'GPU 足够，但缺少单个任务同时申请的 CPU 核心或内存。',
  'Graphs are captured after the KV cache took its share; what gpu_memory_utilization leaves free was too little for them.':
    'CUDA 图在 KV 缓存占用其份额之后才捕获；gpu_memory_utilization 留出的空间不够。',
  "HOME, HF_HOME and VLLM_CACHE_ROOT on a folder that the container's user may write":
    '将 HOME、HF_HOME 和 VLLM_CACHE_ROOT 设为容器用户可写的文件夹',
  "Head and worker don't share the same Ray token": '头节点与工作节点的 Ray 令牌不一致',
  'Head and worker run different Ray or Python versions':
    '头节点与工作节点的 Ray 或 Python 版本不一致',
  'Hugging Face could not be reached': '无法访问 Hugging Face',
  "Images, model files or caches filled the node's or the volume's space.":
    '镜像、模型文件或缓存占满了节点或卷的空间。',
  'It does not exist, is closed, or has queues below it.':
    '该队列不存在、已关闭，或下面还有子队列。',
  "It is private and the pull secret is missing or wrong (registries say the same of names that don't exist).":
    '镜像是私有的，而拉取凭据缺失或有误（对于不存在的名称，仓库也会这样回答）。',
  'It stopped answering, was drained or shut down; what ran there is gone.':
    '节点停止响应、被排空或关机；其上运行的一切都已丢失。',
  'It was killed or the machine restarted; what it started may be left.':
    '该进程被终止，或机器重启过；它启动的进程可能仍有残留。',
  'It was valid in older releases.': '该参数在旧版本中有效。',
  "Its compiled kernels hold no code for the GPU's compute capability.":
    '其编译好的内核不包含面向此 GPU 计算能力的代码。',
  'Its compiled parts and torch (or another package) are of different builds.':
    '其编译部分与 torch（或另一个包）来自不同的构建。',
  "Its container runtime or network plug-in failed: the node's doing, rarely the job's.":
    '节点的容器运行时或网络插件出错：原因在节点，很少在作业。',
  'Its front end waits a set time for the weights to load, kernels to compile and the graphs to be captured; a large model on slow storage takes longer.':
    '其前端只在限定时间内等待权重加载、内核编译和 CUDA 图捕获；存储较慢时，大模型需要更长时间。',
  'Its implementation in this vLLM lacks the SupportsPP interface.':
    '它在此 vLLM 中的实现缺少 SupportsPP 接口。',
  'Its lease or deadline ended it as agreed.': '作业按约定的租期或截止时间结束。',
  'Its message stands below.': '其消息见下文。',
  'Its node selector or affinity (the GPU type, often) matches none.':
    '没有节点满足其节点选择器或亲和性（通常是 GPU 类型）。',
  'Its owner grants access by name: accept the terms there and give the job a token.':
    '模型所有者按用户授权：请在其页面接受条款，并为作业提供令牌。',
  'Its share is in use, or the job is larger than the queue may ever be.':
    '队列的份额已用完，或作业超过了队列的上限。',
  'Kubernetes killed the container while it was starting': '容器在启动过程中被 Kubernetes 终止',
  'Kubernetes knows the caller and refuses, or a policy of the cluster forbids what the job asks for.':
    'Kubernetes 识别了调用者但拒绝了请求，或集群的策略禁止作业所要求的内容。',
  'More GPUs are asked for than this node has': '请求的 GPU 多于此节点所有的 GPU',
  "NCCL can't use the InfiniBand or RoCE devices": 'NCCL 无法使用 InfiniBand 或 RoCE 设备',
  'NCCL failed between the GPUs': 'GPU 之间的 NCCL 通信失败',
  'NCCL needs one GPU per rank.': 'NCCL 要求每个 rank 使用一个 GPU。',
  'NCCL or Gloo finds no usable network interface': 'NCCL 或 Gloo 找不到可用的网络接口',
  "NCCL's own lines (NCCL_DEBUG=INFO) name the reason; often /dev/shm, the interface or peer access.":
    '原因见 NCCL 自己的日志（NCCL_DEBUG=INFO）；常见的是 /dev/shm、网络接口或对等访问。',
  "NCCL_DEBUG=INFO in the tasks' env": '在各任务的环境变量中设置 NCCL_DEBUG=INFO',
  "NCCL_DEBUG=INFO in the tasks' env tells which step failed":
    '在各任务的环境变量中设置 NCCL_DEBUG=INFO，可看出失败在哪一步',
  "NCCL_IB_DISABLE=1 in the tasks' env (sockets instead, slower)":
    '在各任务的环境变量中设置 NCCL_IB_DISABLE=1（改用套接字，较慢）',
  "NCCL_P2P_DISABLE=1 in the tasks' env": '在各任务的环境变量中设置 NCCL_P2P_DISABLE=1',
  "NCCL_SHM_DISABLE=1 in the tasks' env (slower)":
    '在各任务的环境变量中设置 NCCL_SHM_DISABLE=1（较慢）',
  'NCCL_SOCKET_IFNAME or GLOO_SOCKET_IFNAME names an interface that the pod does not have, or none fits.':
    'NCCL_SOCKET_IFNAME 或 GLOO_SOCKET_IFNAME 指定了 Pod 中不存在的接口，或没有合适的接口。',
  'Name resolution, a proxy, a certificate or a firewall is in the way.':
    '受阻于域名解析、代理、证书或防火墙。',
  'No node has enough free CPU or memory': '没有节点有足够的空闲 CPU 或内存',
  'No node has enough free GPUs': '没有节点有足够的空闲 GPU',
  "No node has the job's host port free": '没有节点能提供作业所需的主机端口',
  'No node has the labels the job asks for': '没有节点带有作业要求的标签',
  'Not all workers joined the head': '有工作节点没有加入头节点',
  "Nothing refuses, nothing answers: Volcano's svc plugin, for one, admits only pods of the same job.":
    '既没有拒绝，也没有应答：例如 Volcano 的 svc 插件只允许同一作业的 Pod 访问。',
  "OMP_NUM_THREADS=1 (and RAYON_NUM_THREADS=4) in the task's env":
    '在任务的环境变量中设置 OMP_NUM_THREADS=1（以及 RAYON_NUM_THREADS=4）',
  'On 127.0.0.1 Ray takes the machine for Windows or macOS.':
    '使用 127.0.0.1 时，Ray 会把该机器当作 Windows 或 macOS。',
  "On a CPU vLLM wants gpu_memory_utilization (despite its name) of the node's memory free at its start.":
    '在 CPU 上，vLLM 启动时要求节点内存中 gpu_memory_utilization（尽管名称如此）这一比例处于空闲。',
  'One rank never came to a step that all do together: it hangs, died, or the network lost it.':
    '有一个 rank 始终没有到达所有 rank 共同执行的步骤：它卡住了、已退出，或网络中断。',
  'Peer access is switched off or impossible here (virtual machines with ACS or IOMMU, mixed cards).':
    '对等访问（P2P）已关闭，或在此处无法使用（启用了 ACS 或 IOMMU 的虚拟机、混用不同型号的 GPU）。',
  "Pods on the host's network can't share a port.": '使用主机网络的 Pod 不能共用同一端口。',
  "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=1 in the tasks' env":
    '在各任务的环境变量中设置 RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=1',
  'Ranks of one node exchange data through /dev/shm; containers get 64 MiB of it unless told.':
    '同一节点的各 rank 通过 /dev/shm 交换数据；若不指定，容器只有 64 MiB。',
  'Ray has fewer GPUs than the engine asks for': 'Ray 的 GPU 少于引擎所请求的数量',
  'Ray nodes of one cluster need the same Ray and the same Python.':
    '同一集群的 Ray 节点需要相同的 Ray 和相同的 Python。',
  'Ray refuses several nodes on the loopback address': 'Ray 拒绝在回环地址上运行多个节点',
  'Repository or tag is wrong, or was never pushed.': '仓库名或标签有误，或从未推送过。',
  'Something in the process used the GPU before vLLM made its workers.':
    '在 vLLM 创建工作进程之前，进程中已有代码使用了 GPU。',
  'Something needed to compile kernels is missing in the image': '镜像中缺少编译内核所需的组件',
  'Tensor parallelism gives each rank the same number of heads.':
    '张量并行会给每个 rank 分配相同数量的头。',
  'Tensor × pipeline parallel size is the number of GPUs; without Ray all must be in one node.':
    '张量并行数 × 流水线并行数即 GPU 数；没有 Ray 时，所有 GPU 必须在同一节点。',
  'The API key is wrong or missing': 'API 密钥有误或缺失',
  'The API server asks it before anything is created; it is down, or the network to it is closed.':
    'API 服务器在创建任何对象之前都会询问它；它已停止运行，或到它的网络不通。',
  "The CUDA in the image needs a newer driver; drivers are the node's, not the image's.":
    '镜像中的 CUDA 需要更新的驱动；驱动属于节点，而不属于镜像。',
  'The GPU had less free than was measured a moment before: another process took memory, or too much was promised to the KV cache.':
    'GPU 的空闲显存少于片刻前的测量值：另一个进程占用了显存，或分给 KV 缓存的过多。',
  'The GPU is not free enough to start': 'GPU 空闲显存不足，无法启动',
  "The GPU's memory ran out": '显存不足',
  "The GPU's memory ran out while allocating the KV cache": '分配 KV 缓存时显存不足',
  "The GPU's memory ran out while capturing CUDA graphs": '捕获 CUDA 图时显存不足',
  "The GPU's memory ran out while loading the model": '加载模型时显存不足',
  "The GPU's memory ran out while measuring a full batch": '测量满批次时显存不足',
  "The GPU's memory ran out while serving": '处理请求时显存不足',
  "The GPU's memory ran out while warming up the sampler": '预热采样器时显存不足',
  'The KV cache is too small for the context length': 'KV 缓存太小，容不下该上下文长度',
  "The account's balance does not cover it.": '账户余额不足以支付此作业。',
  "The attention heads can't be divided among the tensor-parallel ranks":
    '注意力头无法在张量并行的各 rank 间均分',
  'The card reports an error of its own, or a kernel touched memory it should not; the trace may point elsewhere.':
    'GPU 自身报告了错误，或某个内核访问了不该访问的显存；调用栈所指的位置可能并不准确。',
  "The claim's name is wrong in this namespace, or no storage was found for it.":
    '此命名空间中没有该名称的声明，或没有找到可用的存储。',
  "The cluster does not accept the job's description": '集群不接受作业的描述',
  'The command line was refused before anything was loaded.': '命令行在加载任何内容之前就被拒绝。',
  "The container can't be made without it.": '缺少它就无法创建容器。',
  "The container can't start its command": '容器无法执行其启动命令',
  'The container sees no GPU': '容器内看不到 GPU',
  "The container's user is not its owner, or the volume is mounted read-only.":
    '容器的用户不是其所有者，或卷以只读方式挂载。',
  'The engine answers 401 to every request under /v1.': '引擎对 /v1 下的所有请求都返回 401。',
  'The engine died; why stands in no line that was seen': '引擎已退出，已有的日志行中没有原因',
  'The engine ended with an error that no rule knows': '引擎因错误退出，没有规则能识别该错误',
  'The engine has no place for a tensor of the files, or one of another shape: it is older than the model, does not know its quantization, or the files belong to another model.':
    '文件中的某个张量在引擎中没有对应位置，或形状不同：引擎比模型旧、不支持其量化方式，或文件属于另一个模型。',
  'The engine in this image was not built for this GPU': '此镜像中的引擎不是为此 GPU 构建的',
  'The engine waited for a rank in vain': '引擎等待某个 rank 超时',
  "The engine's Transformers can't load the model's tokenizer":
    '引擎的 Transformers 无法加载模型的分词器',
  "The engine's installation is broken": '引擎的安装已损坏',
  'The event before it says why.': '原因见它之前的事件。',
  'The first error line of the log stands below; what follows it may tell more.':
    '下文是日志中的第一行错误；其后的内容可能提供更多信息。',
  'The head has no GPU': '头节点没有 GPU',
  'The head is not up, its address is wrong, or the network between the pods is closed.':
    '头节点未启动、其地址有误，或 Pod 之间的网络不通。',
  "The head waited for every node and gave up; the missing ones are pending, failed, or can't reach it.":
    '头节点等待所有节点直至超时；缺少的节点仍在等待、已失败，或无法连接头节点。',
  'The image could not be pulled': '镜像拉取失败',
  'The image does not exist under that name': '没有该名称的镜像',
  'The job waits until all its pods can start together': '作业在等待其所有 Pod 能够同时启动',
  "The job's time was over": '作业的时间已到',
  'The limit of open files is too low': '打开文件数的上限太低',
  'The limit of processes and threads is reached': '进程和线程数已达到上限',
  "The lines don't tell in which phase.": '从日志行看不出发生在哪个阶段。',
  'The liveness probe gave up before the weights were loaded; large models take many minutes.':
    '存活探针在权重加载完成之前就判定失败；大模型需要很多分钟。',
  'The log of its previous run says why.': '原因见其上一次运行的日志。',
  "The machine's memory is not free enough to start": '机器空闲内存不足，无法启动',
  'The model brings its own code, which is not allowed to run':
    '模型自带代码，而运行这些代码未获允许',
  'The model is newer than the vLLM (or Transformers) in the image, or no text model at all.':
    '模型比镜像中的 vLLM（或 Transformers）更新，或根本不是文本模型。',
  'The model is not where the start command looks for it': '启动命令所指的位置没有模型',
  'The model must be asked for on Hugging Face': '需要先在 Hugging Face 上申请该模型',
  "The model's config.json says for how many positions it was made.":
    '模型的 config.json 给出了它所支持的位置数。',
  "The model's layers can't be divided among the pipeline stages":
    '模型的层无法在各流水线阶段间划分',
  "The namespace's or account's limit would be passed by what the job asks for.":
    '作业申请的资源会超出命名空间或账户的限额。',
  "The node can't attach or reach the storage, or the path does not exist there.":
    '节点无法挂接或访问该存储，或路径在其中不存在。',
  "The node can't reach the image's registry": '节点无法访问镜像所在的仓库',
  "The node could not make the pod's container": '节点未能创建 Pod 的容器',
  'The node has no way to the internet, or a proxy is missing.': '节点无法访问互联网，或缺少代理。',
  'The node ran short of memory or disk, or the pod used more ephemeral storage than it may.':
    '节点的内存或磁盘不足，或 Pod 使用的临时存储超出了限制。',
  'The node was lost': '节点已丢失',
  "The node's NVIDIA driver is older than the image needs": '节点的 NVIDIA 驱动版本低于镜像的要求',
  "The node's or pod's memory ran out": '节点或 Pod 的内存耗尽',
  'The nodes that would fit are closed to this job': '符合条件的节点不接受此作业',
  "The parser looks for tokens that this model's tokenizer does not have, or its name is unknown.":
    '解析器要查找的 token 在此模型的分词器中不存在，或解析器名称未知。',
  'The platform ended the job because its GPUs were idle': 'GPU 空闲，平台结束了作业',
  'The pod lacks the RDMA device, the right to lock memory, or the ports are wrong.':
    'Pod 缺少 RDMA 设备或锁定内存的权限，或端口有误。',
  'The pod, the user or the node may start no more of them (pids limit, ulimit -u); each rank starts hundreds, by the number of cores it sees.':
    'Pod、用户或节点不能再启动更多进程或线程（pids 限制、ulimit -u）；每个 rank 会按其看到的核心数启动数百个线程。',
  'The process that ran the job is gone': '运行作业的进程已不存在',
  'The program is not in the image, or the image is made for another CPU.':
    '镜像中没有该程序，或镜像面向另一种 CPU 架构。',
  'The quantization does not work with this dtype': '该量化方式不能与此数据类型一起使用',
  'The queue does not take jobs': '队列不接收作业',
  'The queue has no room for the job': '队列没有容纳此作业的余量',
  "The ranks can't reach each other over the network": '各 rank 之间网络不通',
  'The ranks run different NCCL versions': '各 rank 的 NCCL 版本不一致',
  "The raylet of a node or the head's GCS ended; everything that ran there went with it.":
    '某个节点的 raylet 或头节点的 GCS 已退出；在其上运行的一切也随之终止。',
  'The reasoning or tool parser does not fit the model': '推理解析器或工具解析器与模型不匹配',
  'The registry does not let the node pull the image': '镜像仓库不允许节点拉取该镜像',
  "The registry's pull limit is reached": '已达到镜像仓库的拉取次数上限',
  'The scheduler ended the pod to make room.': '调度器为了腾出资源结束了该 Pod。',
  'The scheduler finds no node for a pod': '调度器找不到可运行 Pod 的节点',
  'The scheduler found no node with as many free GPUs of that type as one task asks for.':
    '单个任务申请了某类型的多个 GPU，调度器找不到有这么多空闲 GPU 的节点。',
  'The server gave up waiting for the engine to start': '服务端等待引擎启动超时',
  "The server or one of its ranks ended without saying why, and the others can't go on without it. Killed for memory is the usual reason; a crash inside NCCL or a kernel (SIGSEGV) the next.":
    '服务进程或某个 rank 未说明原因就退出了，其余进程离开它无法继续。最常见的原因是因内存不足被终止，其次是在 NCCL 或内核中崩溃（SIGSEGV）。',
  "The service or pod of that name is not there (yet), or the pod's DNS does not answer.":
    '该名称的 Service 或 Pod（尚）不存在，或 Pod 的 DNS 没有响应。',
  'The shared memory (/dev/shm) is too small': '共享内存（/dev/shm）太小',
  'The start command has a flag or value this engine does not know':
    '启动命令中有此引擎不支持的参数或值',
  "The task asked for none, or the node's container runtime does not hand it over.":
    '任务没有申请 GPU，或节点的容器运行时没有将其交给容器。',
  "The tokenizer's files are of a newer format, of a class this version does not have, or some are missing.":
    '分词器文件采用更新的格式、属于此版本没有的类，或有文件缺失。',
  "The weights do not fit the engine's model": '权重与引擎中的模型不匹配',
  'The weights of one rank are larger than what the GPU has free.':
    '单个 rank 的权重大于 GPU 的空闲显存。',
  "The worker can't reach the Ray head": '工作节点无法连接 Ray 头节点',
  'There is no Ray in the image': '镜像中没有 Ray',
  "These lines only report the end; the cause is earlier, or in another task's log.":
    '这些行只报告了退出；原因在更早的位置，或在另一个任务的日志中。',
  'They carry a taint that the job does not tolerate, or are being drained.':
    '这些节点带有作业未容忍的污点（taint），或正在被排空。',
  "They meet at the head's address first; it was wrong, closed, or on another interface.":
    '它们先在头节点的地址会合；该地址有误、端口未开放，或位于另一个接口。',
  "This GPU can't compute in bfloat16": '此 GPU 不支持 bfloat16 计算',
  "This GPU or engine can't run the model's quantization": '此 GPU 或引擎不支持模型的量化方式',
  "This engine does not know the model's architecture": '此引擎不支持该模型的架构',
  "This model (or its draft model) can't run in pipeline stages":
    '此模型（或其草稿模型）不支持流水线并行',
  'Too many pulls from this address or account.': '来自此地址或账户的拉取次数过多。',
  "Triton, torch.compile and FlashInfer build kernels at the start with the image's compiler.":
    'Triton、torch.compile 和 FlashInfer 在启动时用镜像中的编译器构建内核。',
  'Two ranks got the same GPU': '两个 rank 分到了同一个 GPU',
  "VLLM_ENGINE_READY_TIMEOUT_S=3600 in the head's env":
    '在头节点的环境变量中设置 VLLM_ENGINE_READY_TIMEOUT_S=3600',
  "VLLM_WORKER_MULTIPROC_METHOD=spawn in the tasks' env":
    '在各任务的环境变量中设置 VLLM_WORKER_MULTIPROC_METHOD=spawn',
  'Vocabulary, MLP or quantization groups must split into equal parts; this size leaves a rest.':
    '词表、MLP 或量化分组必须能均分；按此并行数会有余数。',
  'Volcano starts all or none; another line usually says what the pods lack.':
    'Volcano 要么全部启动，要么都不启动；通常另有一行说明 Pod 缺少什么。',
  "With RAY_AUTH_MODE=token every process needs the head's token.":
    '设置 RAY_AUTH_MODE=token 后，每个进程都需要头节点的令牌。',
  'Without chunked prefill a whole prompt must fit into one batch.':
    '不使用分块预填充时，整个提示词必须放进一个批次。',
  "You (or the job's account) may not do that": '您（或作业的账户）没有此操作的权限',
  '`jupyter crater delete NAME` cleans up; launch again':
    '执行 `jupyter crater delete NAME` 清理，然后重新启动',
  '`jupyter crater extend NAME 8h` while it runs': '运行期间执行 `jupyter crater extend NAME 8h`',
  '`jupyter crater logs NAME --previous`': '`jupyter crater logs NAME --previous`',
  '`vllm serve --help=all` of the same image lists the flags it knows':
    '同一镜像的 `vllm serve --help=all` 会列出它支持的参数',
  'a GPU type that the cluster has': '改用集群中存在的 GPU 类型',
  'a GPU type that the image was built for': '使用镜像构建时所面向的 GPU 类型',
  'a KV cache of half the size (needs FP8 support)': '将 KV 缓存减半（需要 FP8 支持）',
  'a context of {1} tokens fits': '{1} 个 token 的上下文可以容纳',
  'a copy of the model on a volume': '使用卷上的模型副本',
  "a higher limit: podPidsLimit of the node's kubelet, --pids-limit of docker, ulimit -u":
    '提高上限：节点 kubelet 的 podPidsLimit、docker 的 --pids-limit、ulimit -u',
  'a higher priority, if you may': '在允许的情况下提高优先级',
  'a larger /dev/shm': '增大 /dev/shm',
  'a max_model_len the model knows': '使用模型支持的 max_model_len',
  'a newer engine image (an older one where the model is old)':
    '使用更新的引擎镜像（模型较旧时使用较旧的镜像）',
  'a newer engine image (not on V100: 0.8.5.post1 is the one to use there)':
    '使用更新的引擎镜像（V100 除外：应使用 0.8.5.post1）',
  'a pull secret for that registry': '为该镜像仓库配置拉取凭据（pull secret）',
  'a queue or account that those nodes belong to': '使用拥有这些节点的队列或账户',
  'a queue that exists and is open (`kubectl get queue`)':
    '使用存在且处于开放状态的队列（`kubectl get queue`）',
  'a shorter context': '缩短上下文',
  'a smaller or quantized model: `jupyter crater size` tells which fits':
    '使用更小或经过量化的模型：`jupyter crater size` 会告诉您哪些可以容纳',
  'a startup probe with a long failureThreshold on /health, and no early liveness probe':
    '在 /health 上设置 failureThreshold 较大的启动探针，不要过早启用存活探针',
  'a tensor parallel size that divides it': '使用能整除它的张量并行数',
  'a tensor parallel size that divides {1}': '使用能整除 {1} 的张量并行数',
  'a toleration for the taint that the line names': '为该行所指的污点添加容忍（toleration）',
  "accept the model's terms on its page and set the secret HF_TOKEN":
    '在模型页面接受条款，并设置 Secret HF_TOKEN',
  "allow DNS (port 53) in the namespace's network policies":
    '在命名空间的网络策略中放行 DNS（端口 53）',
  'allow it, after reading it': '阅读代码后允许运行',
  'an image that holds the program; see the start command': '使用包含该程序的镜像，并检查启动命令',
  'an image with Ray (vLLM 0.17 and before, or one made with `pip install ray`)':
    '使用含 Ray 的镜像（vLLM 0.17 及更早，或用 `pip install ray` 自建的镜像）',
  'an image with an older CUDA (vLLM 0.19.1 and before: CUDA 12)':
    '使用 CUDA 版本较旧的镜像（vLLM 0.19.1 及更早：CUDA 12）',
  "an image with compiler and headers (vLLM's own images have them)":
    '使用带编译器和头文件的镜像（vLLM 自己的镜像已包含）',
  'an unchanged image of one release; install nothing into it':
    '使用某一发行版未经改动的镜像；不要在其中安装任何东西',
  'another GPU type, or wait: the job starts when some are free':
    '换用其他 GPU 类型，或等待：有空闲 GPU 后作业会自动启动',
  'another account (`jupyter crater switch`)': '换用其他账户（`jupyter crater switch`）',
  'another model': '换用其他模型',
  'another namespace or account': '换用其他命名空间或账户',
  "another node: tell the administrators the node's name": '换一个节点，并将此节点的名称告知管理员',
  'another port': '换用其他端口',
  'another port than {1}': '换用 {1} 以外的端口',
  'another queue': '换用其他队列',
  'as many GPUs as ranks in every task; leave CUDA_VISIBLE_DEVICES to Ray and Kubernetes':
    '每个任务的 GPU 数与 rank 数相同；CUDA_VISIBLE_DEVICES 交由 Ray 和 Kubernetes 设置',
  'as many as one request has': '设为单个请求的 token 数',
  'as many ranks as the node has GPUs, or more nodes': 'rank 数与节点的 GPU 数一致，或使用更多节点',
  'ask for a GPU in every task that runs a rank': '为每个运行 rank 的任务申请 GPU',
  'ask for a larger quota': '申请更大的配额',
  'ask for a lock in Crater before a long run': '长时间运行之前，先在 Crater 中申请锁定',
  'ask the administrators for a newer driver': '请管理员更新驱动',
  'ask the administrators for the right that the line names': '向管理员申请该行所指的权限',
  "ask the administrators which versions of Ray's or Volcano's operators are installed":
    '向管理员询问安装了哪些版本的 Ray 或 Volcano operator',
  'bfloat16 needs compute capability 8.0 (A100 and newer); V100 and T4 compute in float16.':
    'bfloat16 需要计算能力 8.0（A100 及更新型号）；V100 和 T4 使用 float16 计算。',
  'caches and models on a volume, not in the container': '将缓存和模型放在卷上，而不是容器内',
  'change the setting that the line names': '修改该行所指的设置',
  'change {1}': '修改 {1}',
  'compute in float16': '使用 float16 计算',
  'correct or leave out the flag in the start command': '更正或去掉启动命令中的该参数',
  'correct or leave out {1} in the start command': '更正或去掉启动命令中的 {1}',
  "correct the image's name": '更正镜像的名称',
  "correct the image's name and tag": '更正镜像的名称和标签',
  "correct the model's name": '更正模型名称',
  'download the model again (`git lfs pull` in a git checkout)':
    '重新下载模型（在 git 仓库中执行 `git lfs pull`）',
  'drop NCCL_SOCKET_IFNAME and GLOO_SOCKET_IFNAME from the env':
    '从环境变量中去掉 NCCL_SOCKET_IFNAME 和 GLOO_SOCKET_IFNAME',
  'drop VLLM_NCCL_SO_PATH and LD_LIBRARY_PATH from the env':
    '从环境变量中去掉 VLLM_NCCL_SO_PATH 和 LD_LIBRARY_PATH',
  'end other jobs of the same account': '结束同一账户的其他作业',
  'end the other processes on that GPU (`nvidia-smi` names them)':
    '结束该 GPU 上的其他进程（`nvidia-smi` 会列出）',
  'end what listens there (an earlier attempt?)': '结束正在监听该端口的进程（上次启动的残留？）',
  'fetch the logs of all tasks, those of previous containers too':
    '获取所有任务的日志，包括先前容器的日志',
  'fewer CPU cores per task': '减少每个任务的 CPU 核心数',
  'fewer GPUs': '减少 GPU 数',
  'fewer GPUs per node, over more nodes': '减少每节点 GPU 数，分布到更多节点',
  'fewer GPUs, cores or memory': '减少 GPU、CPU 核心或内存',
  'fewer nodes or GPUs': '减少节点数或 GPU 数',
  'fewer pipeline stages': '减少流水线阶段数',
  'fewer sequences at once (now {1})': '减少并发序列数（当前为 {1}）',
  'free space on the volume, or put HF_HOME and VLLM_CACHE_ROOT on a larger one':
    '清理卷上的空间，或将 HF_HOME 和 VLLM_CACHE_ROOT 设到更大的卷',
  'give head and workers the same address and port (RAY_ADDRESS, `ray start --address`)':
    '为头节点和工作节点设置相同的地址和端口（RAY_ADDRESS、`ray start --address`）',
  'give the head GPUs like the workers': '像工作节点一样为头节点分配 GPU',
  'give vLLM more of the GPU (now {1})': '让 vLLM 使用更多显存（当前为 {1}）',
  'if `ray list nodes` shows no {1}: VLLM_HOST_IP must be the address that Ray knows':
    '如果 `ray list nodes` 中没有 {1}：VLLM_HOST_IP 必须是 Ray 所知的地址',
  'keep all GPUs': '保持使用全部 GPU',
  'launch the client with `connect=`: it opens the port for that job':
    '启动客户端时使用 `connect=`：它会为该作业开放端口',
  'leave more of the GPU free (now {1})': '为 GPU 留出更多空闲显存（当前为 {1}）',
  'leave {1} out': '去掉 {1}',
  'leave {1} out (instead: {2})': '去掉 {1}（改用：{2}）',
  'less memory per task': '减少每个任务的内存',
  'load with fewer processes at once (`--max-parallel-loading-workers 1`)':
    '减少同时加载的进程数（`--max-parallel-loading-workers 1`）',
  'longer than trained, at your own risk: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1':
    '超过训练长度，风险自负：VLLM_ALLOW_LONG_MAX_MODEL_LEN=1',
  'make tensor × pipeline parallel size the number of GPUs that Ray has':
    '使张量并行数 × 流水线并行数等于 Ray 拥有的 GPU 数',
  'max_model_len is longer than the model knows': 'max_model_len 超过模型支持的长度',
  'max_num_batched_tokens is smaller than one request': 'max_num_batched_tokens 小于单个请求',
  'more ephemeral storage for the task': '为任务增加临时存储',
  'more ephemeral storage or memory for the task': '为任务增加临时存储或内存',
  'more memory for the task, or a smaller KV cache on the CPU':
    '为任务增加内存，或减小 CPU 上的 KV 缓存',
  'more memory per pod': '增加每个 Pod 的内存',
  'more memory per pod (now {1} GiB)': '增加每个 Pod 的内存（当前为 {1} GiB）',
  "mount the model's volume readable for that user": '挂载模型所在的卷，使该用户可读',
  'mount the volume that holds the model in every task, and give its path there':
    '在每个任务中挂载存有模型的卷，并填写其中的路径',
  'name the interface of the pod network: NCCL_SOCKET_IFNAME=eth0, GLOO_SOCKET_IFNAME=eth0':
    '指定 Pod 网络的接口：NCCL_SOCKET_IFNAME=eth0、GLOO_SOCKET_IFNAME=eth0',
  'no CUDA graphs (slower)': '不使用 CUDA 图（较慢）',
  'no compilation (slower)': '不进行编译（较慢）',
  'no direct access': '不使用直接访问',
  'no node selector': '不使用节点选择器',
  'no reasoning parser': '不使用推理解析器',
  'on V100 and older: the last engine made for them':
    'V100 及更旧的 GPU：使用支持它们的最后一版引擎',
  'put the model on a volume and give its path': '将模型放在卷上，并填写其路径',
  "search vLLM's issues for the line": '在 vLLM 的 issue 中搜索该行',
  'see that config.json and the weight files are of one model':
    '确认 config.json 和权重文件属于同一模型',
  'see that the claim is free and its access mode allows several nodes':
    '确认该声明未被占用，且其访问模式允许多个节点使用',
  "see that the tokenizer's files are complete": '确认分词器文件完整',
  'see the events of the pending pods': '查看等待中的 Pod 的事件',
  'see the log of that task, and the memory of its pod or machine':
    '查看该任务的日志，以及其 Pod 或机器的内存',
  'see the logs of the other ranks first': '先查看其他 rank 的日志',
  'see the logs of the workers': '查看各工作节点的日志',
  "see the pod's events": '查看该 Pod 的事件',
  "see the worker's events and log first": '先查看工作节点的事件和日志',
  'see whether every worker runs and has joined ({1} GPUs): `ray status` in the head':
    '检查所有工作节点是否都在运行并已加入（{1} 个 GPU）：在头节点执行 `ray status`',
  'see whether every worker runs and has joined: `ray status` in the head':
    '检查所有工作节点是否都在运行并已加入：在头节点执行 `ray status`',
  'see whether the head runs, and why not': '检查头节点是否在运行；若没有，查明原因',
  "see whether the head's service exists and its name and namespace are right (`kubectl get svc`)":
    '检查头节点的 Service 是否存在，其名称和命名空间是否正确（`kubectl get svc`）',
  "see why that node's process ended (memory? node lost?), then start again":
    '查明该节点的进程为何退出（内存？节点丢失？），然后重新启动',
  "set HF_ENDPOINT or HTTPS_PROXY in the tasks' env":
    '在各任务的环境变量中设置 HF_ENDPOINT 或 HTTPS_PROXY',
  'set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN from the same secret in every task':
    '在每个任务中用同一个 Secret 设置 RAY_AUTH_MODE=token 和 RAY_AUTH_TOKEN',
  "set VLLM_HOST_IP to each pod's own IP": '将 VLLM_HOST_IP 设为各 Pod 自己的 IP',
  'smaller batches of prompt tokens': '减小提示词 token 的批次',
  'spread it over several nodes: the template deepseek-r1-distributed':
    '分布到多个节点：使用模板 deepseek-r1-distributed',
  'spread the weights over {1} GPUs': '将权重分布到 {1} 个 GPU',
  'start a new attempt: it makes its secret again': '重新启动一次：会重新创建其 Secret',
  'start again on another node': '换一个节点重新启动',
  "start again on another node, and tell the administrators this node's name":
    '换一个节点重新启动，并将此节点的名称告知管理员',
  'start again when it is needed': '需要时重新启动',
  'start again when no other process starts or ends on that GPU':
    '等该 GPU 上没有其他进程启动或退出时重新启动',
  'start again when the queue has room': '等队列有余量后重新启动',
  'start again with a longer lease': '以更长的租期重新启动',
  'start again: another node is chosen': '重新启动：会选择另一个节点',
  'take only what is free': '只使用空闲的显存',
  "tell the administrators the node's name": '将节点名称告知管理员',
  "tell the administrators the webhook's name; try again later":
    '将该 Webhook 的名称告知管理员，稍后再试',
  'tensor parallelism only': '只用张量并行',
  'the RDMA resource and the capability IPC_LOCK for the tasks':
    '为任务提供 RDMA 资源和 IPC_LOCK 能力',
  "the job's own key: `jupyter crater key NAME`, or `job.client()`":
    '使用作业自己的密钥：`jupyter crater key NAME` 或 `job.client()`',
  'the model without quantization': '使用未量化的模型',
  'the model without quantization, or as GPTQ (compute capability 6.0 is enough)':
    '使用未量化的模型，或其 GPTQ 版本（计算能力 6.0 即可）',
  "the model's own {1} tokens": '模型自身的 {1} 个 token',
  'the name of a claim that exists in this namespace (`kubectl get pvc`)':
    '使用此命名空间中存在的声明名称（`kubectl get pvc`）',
  'the same image for head and workers': '头节点和工作节点使用同一镜像',
  'the same image from a mirror or your own registry': '从镜像站或自己的仓库拉取同一镜像',
  'the same image from a registry inside the cluster': '从集群内的镜像仓库拉取同一镜像',
  "trust_remote_code lets the model's repository run Python in the engine: read it first.":
    'trust_remote_code 会让引擎运行模型仓库中的 Python 代码：请先阅读代码。',
  'ulimit -n 65536 before the start command': '在启动命令之前执行 ulimit -n 65536',
  'use the {1} GPUs that are there': '使用现有的 {1} 个 GPU',
  'vLLM asks Ray for all GPUs at once and waits up to 30 minutes: a node has not joined, or the sizes are too large.':
    'vLLM 一次性向 Ray 请求所有 GPU，最多等待 30 分钟：有节点尚未加入，或并行数过大。',
  'vLLM checked its configuration and refused it; the line says why.':
    'vLLM 检查配置后拒绝启动；原因见该行。',
  'vLLM sizes its KV cache from how free memory falls while it profiles; something else freed or took memory on the same GPU meanwhile.':
    'vLLM 根据剖析期间空闲显存的减少量来确定 KV 缓存大小；其间同一 GPU 上有其他进程释放或占用了显存。',
  'vLLM wants gpu_memory_utilization of the whole GPU free at its start; another process (often the engine of an earlier attempt) holds some of it.':
    'vLLM 启动时要求 GPU 总显存中 gpu_memory_utilization 这一比例处于空闲；另一个进程（常常是上次启动的引擎）占用了一部分。',
  "vLLM's own images carry none since 0.18; a job over several nodes needs it in every task's image.":
    'vLLM 自己的镜像自 0.18 起不再包含 Ray；多节点作业要求每个任务的镜像都有 Ray。',
  'wait for the next period, or ask for points': '等待下一周期，或申请点数',
  "wait for the queue's other jobs": '等待队列中的其他作业结束',
  'wait longer for the workers': '延长等待工作节点的时间',
  'wait some hours': '等待数小时',
  'weights of half the size': '使用大小减半的权重',
  "weights on a faster volume, or in the node's memory or disk":
    '将权重放在更快的卷上，或节点的内存或磁盘中',
  '{1} GPUs in the node': '节点内使用 {1} 个 GPU',
  '{1} stages divide {2} layers': '{1} 个阶段可以均分 {2} 层',
  // What sizing assumed.
  'GPU {1} taken as {2} (it could be {3})': '将 GPU {1} 视为 {2}（也可能是 {3}）',
  'KV cache as measured {1}': 'KV 缓存采用 {1} 的实测值',
  'config.json names no dtype: bfloat16 taken': 'config.json 未注明 dtype，按 bfloat16 计算',
  'dtype auto would be bfloat16, which this GPU lacks: sized as such':
    'dtype auto 即 bfloat16，而此 GPU 不支持；仍按 bfloat16 计算',
  'engine: {1} {2}, the newest recommended for this GPU':
    '引擎：{1} {2}（推荐用于此 GPU 的最新版本）',
  'estimate only: {1} is computed as a plain decoder': '仅为估算：{1} 按普通解码器计算',
  'max_num_batched_tokens {1}, the default of this version and GPU':
    'max_num_batched_tokens 为 {1}（此版本和 GPU 的默认值）',
  'memory of a {1}g.{2}gb slice taken as {3} GiB': '{1}g.{2}gb 切片的显存按 {3} GiB 计算',
  'the checkpoint of {1} is taken as stored in {2}, groups of 128':
    '假定 {1} 的检查点以 {2} 存储，组大小为 128',
  'the model does not allow TP {1}': '此模型不允许 TP {1}',
  'the vision tower ({1}) is counted as plain transformer layers':
    '视觉塔（{1}）按普通 Transformer 层计算',
  '{1} chosen: the most tensor parallelism inside a node': '已选择 {1}：节点内张量并行数最大',
  '{1} chosen: the most tensor parallelism inside a node that fits':
    '已选择 {1}：在显存容得下的前提下，节点内张量并行数最大',
  '{1} is taken as {2} stored as {3} ({4} bits)': '将 {1} 视为以 {3}（{4} 位）存储的 {2}',
  '{1} is taken to have the shapes of {2}': '假定 {1} 的结构与 {2} 相同',
  '{1} {2} is not covered: computed as {3} {4}': '未收录 {1} {2}，按 {3} {4} 计算',
  '{1}: {2} GiB is an estimate within 0.3 GiB': '{1}：{2} GiB 为估计值（误差不超过 0.3 GiB）',
  ended: '已结束',
  // What a status and a timeline say.
  '1 earlier start': '以往 1 次启动',
  '{1} earlier starts': '以往 {1} 次启动',
  "sizing's cold start": '估算的冷启动时间',
  'Nothing new for {1}; earlier starts: {2} at most.': '已有 {1} 没有进展；以往启动最多 {2}。',
  'Nothing new for {1}; more than {2} is unusual here.':
    '已有 {1} 没有进展；此处超过 {2} 就不正常了。',
  'A port was taken meanwhile: another one is tried.': '端口在此期间被占用，改试另一个端口。',
  'Compiling bytecode': '正在编译字节码',
  'It runs on the host {1}; this is {2}.': '作业运行在主机 {1} 上，而本机是 {2}。',
  'No OpenAI API at {1}: /models answers {2}.': '{1} 不是 OpenAI API：/models 返回 {2}。',
  'Open WebUI starts.': '正在启动 Open WebUI。',
  'Preparing the environment of {1}, once.': '正在准备 {1} 的环境（仅首次）。',
  'Python {1}.{2} and the lock': 'Python {1}.{2} 与锁文件',
  'Ray head and {1} worker(s) on 127.0.0.1': '127.0.0.1 上的 Ray head 和 {1} 个 worker',
  'Starting again (the last try) after: {1}': '正在重新启动（最后一次尝试），原因：{1}',
  'Starting again ({1} more after this one) after: {2}':
    '正在重新启动（此后还可重试 {1} 次），原因：{2}',
  'Stopped on request.': '已按要求停止。',
  'Stopped while the environment of {1} was made.': '在创建 {1} 的环境时停止。',
  'Stopped; its supervisor was gone.': '已停止；其监管进程先前已不存在。',
  'The command ended with exit code 0.': '命令以退出码 0 结束。',
  'The command runs; it offers no service to ask.': '命令正在运行；它不提供可查询的服务。',
  'The engine is at {1} now.': '引擎现在位于 {1}。',
  'The engine says 503 on /health.': '引擎在 /health 上返回 503。',
  'The forward was stopped (SIGSTOP), so it was ended.':
    '转发进程被暂停（SIGSTOP），因此已将其结束。',
  'The given command, as it is.': '按原样运行给定的命令。',
  "The job's folder was removed.": '作业的文件夹已被删除。',
  "The job's run record is damaged, so nobody knows who runs it; `stop` still ends it.":
    '作业的运行记录已损坏，无法得知由谁运行；`stop` 仍可结束它。',
  "The job's supervisor (process {1}) was stopped (SIGSTOP).":
    '作业的监管进程（进程 {1}）被暂停（SIGSTOP）。',
  "The job's supervisor is dead; `delete` ends what may be left of the job.":
    '作业的监管进程已终止；`delete` 会结束作业可能残留的部分。',
  'The lease is over; `extend` would have moved it.': '租期已到（本可用 `extend` 延长）。',
  'The machine was started anew since; the job is gone.': '机器此后已重启，作业已不存在。',
  'The process of rank {1} (pipeline stage {2}) died.':
    'rank {1}（流水线阶段 {2}）的进程已异常终止。',
  "The process of vLLM's engine core died.": 'vLLM 引擎核心的进程已异常终止。',
  'The start command': '启动命令',
  'The supervisor ended without a word.': '监管进程未说明原因就结束了。',
  'The vLLM server': 'vLLM 服务器',
  'The vLLM server has not answered for {1} s.': 'vLLM 服务器已有 {1} 秒没有响应。',
  'There is no job {1} any more.': '作业 {1} 已不存在。',
  'Waited {1} s for {2}, in vain.': '等待 {2} 达 {1} 秒，仍未就绪。',
  'Waiting for {1} ({2}).': '正在等待 {1}（{2}）。',
  'Waiting for {1}.': '正在等待 {1}。',
  'compiling: graph for {1} in {2} s': '编译中：{1} 的图，用时 {2} 秒',
  'compiling: traced in {1} s': '编译中：追踪完成，用时 {1} 秒',
  'compiling: tracing the model': '编译中：正在追踪模型',
  'graphs {1}/{2}': '图 {1}/{2}',
  'shards {1}/{2}': '分片 {1}/{2}',
  'titles, tags and follow-ups ask the model 3 to 4 times more for each message':
    '生成标题、标签和后续问题会使每条消息多请求模型 3 到 4 次',
  '{1} It did not go on within {2} s.': '{1} 它在 {2} 秒内没有恢复运行。',
  "{1} can't be reached: {2}": '无法连接 {1}：{2}',
  '{1} did not join Ray within {2} s.': '{1} 未在 {2} 秒内加入 Ray。',
  '{1} does not answer at {2}: {3}.': '{1} 在 {2} 没有响应：{3}。',
  '{1} ended with exit code {2}.': '{1} 以退出码 {2} 结束。',
  '{1} ended with exit code {2}: {3}': '{1} 以退出码 {2} 结束：{3}',
  '{1} has ended ({2}); this goes on when it is launched again.':
    '{1} 已结束（{2}）；它重新启动后将继续。',
  '{1} has not answered for {2} s.': '{1} 已有 {2} 秒没有响应。',
  '{1} refuses a request without a key ({2} at {3}).': '{1} 拒绝不带密钥的请求（{3} 返回 {2}）。',
  '{1} refuses the key it was given ({2} at {3}).': '{1} 拒绝所给的密钥（{3} 返回 {2}）。',
  '{1} was killed by signal {2}.': '{1} 被信号 {2} 终止。',
  '{1} was killed by signal {2}: {3}': '{1} 被信号 {2} 终止：{3}',
  '{1} was stopped (SIGSTOP): process {2}.': '{1} 被暂停（SIGSTOP）：进程 {2}。',
  '{1} worker(s)': '{1} 个 worker',
  '{1}/{2} nodes: {3}-{4} joined': '节点 {1}/{2}：{3}-{4} 已加入',
  '{1}: converting': '{1}：正在转换',
  '{1}: downloading': '{1}：正在下载',
  // What clusters say.
  "A container can't be made: {1}.": '无法创建容器：{1}。',
  'A limit of the namespace allows at most {1} of {2}: {3}.':
    '命名空间的限制最多允许 {2} 为 {1}：{3}。',
  'A quota of the namespace asks that every pod says its {1}.':
    '命名空间的配额要求每个 Pod 都注明 {1}。',
  'A quota of the namespace does not allow it: {1}.': '命名空间的配额不允许：{1}。',
  "A volume can't be mounted: {1}": '无法挂载卷：{1}',
  'All {1} pods start together or none does, and {2} find no node yet.':
    '{1} 个 Pod 必须同时启动，其中 {2} 个尚未找到节点。',
  'It stands in the queue {1}, which has no room for it yet.':
    '正在队列 {1} 中等待，队列尚无空位。',
  'Its lease has passed.': '租期已到。',
  "Its pods can't be made: {1}": '无法创建其 Pod：{1}',
  'KubeRay ended the job: {1}.': 'KubeRay 结束了作业：{1}。',
  'KubeRay says: {1}': 'KubeRay 的消息：{1}',
  'Kueue holds it back until the queue {1} has room.': 'Kueue 将其挂起，直到队列 {1} 有空位。',
  'Locked until {1}.': '锁定至 {1}。',
  "Locked: the platform won't release it.": '已锁定：平台不会释放它。',
  'None of {1} nodes has room now: {2}.': '{1} 个节点目前都没有空位：{2}。',
  'The only node has no room now: {1}.': '唯一的节点目前没有空位：{1}。',
  'Nothing is heard of {1}: its node {2} does not answer the cluster.':
    '没有 {1} 的消息：其节点 {2} 不响应集群。',
  'Nothing was heard for {1} s: {2}': '已有 {1} 秒没有消息：{2}',
  'Stopped.': '已停止。',
  'The cluster does not allow its pods: {1}': '集群不允许其 Pod：{1}',
  "The cluster's queue holds its pods back (scheduling gates).":
    '集群的队列暂缓调度其 Pod（scheduling gates）。',
  'The engine asks for no key: every pod of the cluster that reaches it can use it.':
    '该引擎不要求密钥：集群中任何能访问它的 Pod 都可以使用它。',
  'The head ended.': 'head 已结束。',
  "The image {1} can't be pulled: {2}": '无法拉取镜像 {1}：{2}',
  "The image {1} can't be pulled: {2}. ({3})": '无法拉取镜像 {1}：{2}。（{3}）',
  'The job failed.': '作业失败。',
  'The job was restarted: its head is at {1} now, it was at {2}.':
    '作业已重新启动：head 现在位于 {1}，之前位于 {2}。',
  'The platform holds the job back until your usage is below your quota (prequeue).':
    '在您的用量低于配额之前，平台将作业挂起（prequeue）。',
  'The platform released the job (idle, too old, or cleaned up).':
    '平台释放了作业（空闲、运行过久或被清理）。',
  "The platform releases jobs after 4 days ({1}), and those whose GPUs idle for 2 h (with 30 minutes' notice). A lock, asked for on the job's page, holds it off.":
    '平台会在 4 天后（{1}）释放作业，GPU 空闲 2 小时的作业也会被释放（提前 30 分钟通知）。在作业页面申请锁定可避免释放。',
  'any time now, a day after its warning': '警告一天后，随时可能',
  '{1} h left': '剩余 {1} 小时',
  'The pod of {1} failed: {2}.': '{1} 的 Pod 失败：{2}。',
  "The queue's share is in use: {1}": '队列的份额已被占用：{1}',
  'The quota {1} does not allow it ({2}).': '配额 {1} 不允许（{2}）。',
  'Volcano ended the job: a task failed.': 'Volcano 结束了作业：有任务失败。',
  'Volcano ended the job: {1}.': 'Volcano 结束了作业：{1}。',
  'a job of higher priority took its place': '被更高优先级的作业抢占',
  'a pod was evicted': '有 Pod 被驱逐',
  'a task failed, so the job was ended': '有任务失败，作业因此被结束',
  'all pods start anew': '所有 Pod 重新启动',
  'all pods start anew: {1}': '所有 Pod 重新启动：{1}',
  'being deleted': '正在删除',
  'deleted {1} min ago, but held by the finalizer {2}': '{1} 分钟前已删除，但被 finalizer {2} 保留',
  'it was evicted (a node being drained, mostly)': '被驱逐（多因节点正在排空）',
  'its node is gone': '其节点已不存在',
  'its node ran short of resources, or was shut down': '其节点资源不足或被关闭',
  'its node was closed or stopped answering': '其节点被关闭调度或停止响应',
  'restart {1} of {2}': '第 {1} 次重启（共 {2} 次）',
  'restart {1} of {2}: {3}': '第 {1} 次重启（共 {2} 次）：{3}',
  "that is no image's name": '这不是有效的镜像名',
  'the job failed': '作业失败',
  "the node's disk is full": '节点磁盘已满',
  'the registry allows no more pulls now': '镜像仓库目前不允许更多拉取',
  "the registry can't be reached": '无法连接镜像仓库',
  'the registry has no such image': '镜像仓库中没有此镜像',
  'the registry wants a login': '镜像仓库要求登录',
  'waiting for its pods to end': '正在等待其 Pod 结束',
  'waiting for nodes': '正在等待节点',
  'waiting for nodes: {1} of {2} nodes': '正在等待节点：{1}/{2}',
  'waiting for nodes: {1} of {2} nodes{3}': '正在等待节点：{1}/{2}{3}',
  '{1} being drained': '{1} 个正在排空',
  '{1} closed to it by a taint ({2})': '{1} 个因污点拒绝调度（{2}）',
  '{1} full of pods': '{1} 个的 Pod 数已满',
  '{1} has ended.': '{1} 已结束。',
  '{1} is gone: its node stopped answering.': '{1} 已丢失：其节点停止响应。',
  '{1} is gone: {2}.': '{1} 已丢失：{2}。',
  '{1} of {2} pods not made yet': '{2} 个 Pod 中有 {1} 个尚未创建',
  '{1} of {2} pods run': '{2} 个 Pod 中有 {1} 个在运行',
  '{1} out of reach of the volume': '{1} 个无法访问该卷',
  '{1} runs, but its engine does not answer /health.': '{1} 正在运行，但其引擎不响应 /health。',
  '{1} used more memory than it may (its limit is {2}).': '{1} 使用的内存超过限额（限额为 {2}）。',
  '{1} used more memory than it may.': '{1} 使用的内存超过限额。',
  '{1} was evicted: {2}': '{1} 被驱逐：{2}',
  '{1} with the port in use': '{1} 个的端口被占用',
  '{1} with too few free GPUs ({2})': '{1} 个空闲 GPU 不足（{2}）',
  '{1} with too little {2} free': '{1} 个的空闲 {2} 不足',
  '{1} without the labels it asks for (the GPU type, for instance)':
    '{1} 个没有所要求的标签（例如 GPU 型号）',
  '{1}: the node refused it: {2}': '{1}：被节点拒绝：{2}',
  '{1}: {2} of {3} in use, {4} more asked for': '{1}：已用 {2}/{3}，还需 {4}'
};

// All words of the page, in English and Chinese. A word that depends on numbers or names is a function of them.

const WORDS = {
  en: {
    title: "How dW flows backward", other: "中文", otherLabel: "切换到中文",
    stepping: "Steps", toStart: "To the start", oneBack: "One step back", play: "Play", pause: "Pause", oneOn: "One step on", toEnd: "To the end",
    step: "Step", count: (k, n) => `${k} / ${n}`, weight: "Way to", whole: "— all weights —",
    smaller: "Smaller", larger: "Larger", fit: "Fit the width", saveSvg: "Save the picture as SVG", theme: "Light or dark", graph: "The graph: forward runs down, gradients run up", panel: "About the step",
    contents: (ops, weights) => `${ops} ops${weights ? ` · ${weights} weights` : ""}`,
    before: (loss) => `Forward is done: the loss is ${loss}. No gradient has flowed yet. Press → or › to go backward, one rule at a time.`,
    beforeTo: (name, routes, steps) => `${routes} ${routes === "1" ? "route leads" : "routes lead"} from the loss to ${name}, through ${steps} steps. Press → or › to follow them.`,
    starts: (name) => `Backward starts here: ${name} = 1.`,
    one: (name, norm) => `${name} has its gradient, norm ${norm}.`,
    sum: (name, parts, norm) => `${name} has its whole gradient: ${parts} → ${norm}.`,
    part: (norm, from) => `${norm} from ${from}`, skip: "the skip", branch: "the branch",
    sends: (what) => `It sends ${what}.`, sending: (rule, to, norm) => `${rule} to ${to} (norm ${norm})`, and: ", ", and2: " and ", leaf: (names) => `With this ${names.join(" and ")} ${names.length > 1 ? "are" : "is"} complete.`,
    gradientOf: (name) => `the gradient of ${name}`, letter: "grad",
    end: (name, norm) => `The way ends here: ${name} has norm ${norm}.`,
    selected: "Selected", active: "Active step", kind: { operation: "operation", parameter: "parameter", input: "input", constant: "constant", loss: "loss", module: "module", frame: "module" },
    forward: "Forward", backward: "Gradients it sends", shape: "shape", module: "module", line: "your code",
    value: "value", gradient: "gradient", norm: "norm", range: "range", mean: "mean", zeros: "zeros", nans: "NaN", infs: "Inf",
    noGradient: "Gets no gradient: it is not learned, and nothing that is learned went into it.",
    picked: (rows, columns) => `${rows} × ${columns} entries picked`, all: (rows, columns) => `all ${rows} × ${columns} entries`, mapOf: (what, scale) => `${what}, from −${scale} (blue) over 0 to ${scale} (orange)`,
    hatched: "hatched: NaN or infinite", join: "The sum as it builds up", from: "from", adds: "adds", sofar: "sum so far", where: "where",
    through: "Skip against branch", throughText: (skip, branch, whole, angle) => `Through the skip ${skip}, through the branch ${branch}; together ${whole}, since the two stand at ${angle}° to each other. Norms of parts do not add up to the norm of the sum.`,
    openFused: "Open into primitives", closeFused: "Close", open: "Open", close: "Close", follow: "Show the way to it",
    chain: (loss, name) => `From ${loss} to ${name}`, chainIntro: (routes) => `The strongest of ${routes} routes; a join keeps the part that comes this way.`, chainOne: "The only route.",
    strongShare: (share) => `${share} of the sum`, skips: "What came through skip connections", skipAt: "at", angle: "angle",
    nudge: "Nudge it", nudgeIntro: "One entry moved by ±ε, the forward run again in 64 bits:", entry: "entry", slope: "slope", dEntry: "entry of dW", lossPlus: "L(W + ε)", lossMinus: "L(W − ε)", noNudge: "Was not tried when this page was made.",
    wire: "width of a gradient: log of its norm", partial: "“…”: more is still to come", inside: "primitives of the definition; the kernel computes them at once", if_: "if\u00a0", else_: "else", gap: " ",
    thisStep: "This step", theWay: "The whole way",
    help: ["← → step, Home and End go to the ends, Esc lets go.", "A click on a box shows its numbers and formulas.", "A click on a weight shows only the routes to it.", "⊞ opens a module in place, or an operation into primitives; ⊟ closes it."],
  },
  zh: {
    title: "dW 如何反向流动", other: "English", otherLabel: "Switch to English",
    stepping: "步骤", toStart: "回到开头", oneBack: "后退一步", play: "播放", pause: "暂停", oneOn: "前进一步", toEnd: "到最后",
    step: "步", count: (k, n) => `${k} / ${n}`, weight: "通往", whole: "— 全部权重 —",
    smaller: "缩小", larger: "放大", fit: "适合宽度", saveSvg: "把图存为 SVG", theme: "浅色或深色", graph: "计算图：前向向下，梯度向上", panel: "关于这一步",
    contents: (ops, weights) => `${ops} 个运算${weights ? ` · ${weights} 个权重` : ""}`,
    before: (loss) => `前向已算完：损失是 ${loss}。还没有梯度流动。按 → 键或点 ›，一条规则一条规则地往回走。`,
    beforeTo: (name, routes, steps) => `从损失到 ${name} 有 ${routes} 条路线，经过 ${steps} 步。按 → 键或点 ›，沿着它们走。`,
    starts: (name) => `反向从这里开始：${name} = 1。`,
    one: (name, norm) => `${name}${gap(name)}的梯度已算出，范数 ${norm}。`,
    sum: (name, parts, norm) => `${name}${gap(name)}的梯度已算齐：${parts}；合起来范数 ${norm}。`,
    part: (norm, from) => `${from}${gap(from)}传来 ${norm}`, skip: "跳跃连接", branch: "支路",
    sends: (what) => `它传出 ${what}。`, sending: (rule, to, norm) => `${rule}，传给 ${to}，范数 ${norm}`, and: "；", and2: "；", leaf: (names) => `${names.join("、")}${gap(names[0])}已算齐。`,
    gradientOf: (name) => `${name} 的梯度`, letter: "梯度",
    end: (name, norm) => `路线到此结束：${name}，范数 ${norm}。`,
    selected: "选中", active: "当前步骤", kind: { operation: "运算", parameter: "参数", input: "输入", constant: "常量", loss: "损失", module: "模块", frame: "模块" },
    forward: "前向", backward: "它传出的梯度", shape: "形状", module: "模块", line: "你的代码",
    value: "数值", gradient: "梯度", norm: "范数", range: "范围", mean: "平均", zeros: "零的比例", nans: "NaN", infs: "Inf",
    noGradient: "没有梯度：它不参与学习，它的输入里也没有要学习的量。",
    picked: (rows, columns) => `挑出 ${rows} × ${columns} 项`, all: (rows, columns) => `全部 ${rows} × ${columns} 项`, mapOf: (what, scale) => `${what}，从 −${scale}（蓝）经 0 到 ${scale}（橙）`,
    hatched: "斜线：NaN 或无穷", join: "求和的过程", from: "来自", adds: "加上", sofar: "到此之和", where: "其中",
    through: "跳跃连接与支路", throughText: (skip, branch, whole, angle) => `经跳跃连接 ${skip}，经支路 ${branch}；合起来 ${whole}，因为两者夹角 ${angle}°。各部分的范数相加并不等于和的范数。`,
    openFused: "展开为基本运算", closeFused: "收起", open: "打开", close: "收起", follow: "显示通往它的路",
    chain: (loss, name) => `从 ${loss} 到 ${name}`, chainIntro: (routes) => `${routes} 条路线中最强的一条；在汇合处只看从这条路来的部分。`, chainOne: "唯一的路线。",
    strongShare: (share) => `占和的 ${share}`, skips: "经跳跃连接而来的部分", skipAt: "位置", angle: "夹角",
    nudge: "挪一挪", nudgeIntro: "把一项挪动 ±ε，用 64 位重新算前向：", entry: "项", slope: "斜率", dEntry: "dW 的项", lossPlus: "L(W + ε)", lossMinus: "L(W − ε)", noNudge: "制作本页时没有试过。",
    wire: "梯度的粗细：范数的对数", partial: "“…”：还有没到的", inside: "定义中的基本运算；内核一次算完", if_: "若\u00a0", else_: "否则", gap: "",
    thisStep: "这一步", theWay: "整条路",
    help: ["← → 单步，Home 和 End 到两端，Esc 放开。", "点一个框，看它的数与公式。", "点一个权重，只看通往它的路线。", "⊞ 就地打开模块，或把运算展开为基本运算；⊟ 收起。"],
  },
};

// What operations are called in Chinese; their Latin names stay in front.
const OPERATIONS = /*OPERATIONS*/;

function say(key, ...args) {
  const word = WORDS[app.state.lang][key];
  return typeof word === "function" ? word(...args) : word;
}

// The Chinese name of an operation; some go by their Latin name in Chinese too.
function chineseName(op) {
  const name = app.state.lang === "zh" ? OPERATIONS[op] : undefined;
  return name && name.toLowerCase() !== op ? name : "";
}

function operationName(op) {
  return chineseName(op) ? `${op} ${chineseName(op)}` : op;
}

// In Chinese a space stands between Latin letters and Chinese ones.
function gap(text) {
  return /[\u3000-\u9fff\uff00-\uffef]$/.test(text) ? "" : " ";
}

// A number of routes: whole ones with commas, as those of drawings.
function routesText(routes) {
  return /^\d+$/.test(routes) ? Number(routes).toLocaleString("en-US") : routes;
}

// What a node is called on its box: its own name, or the module of which it is the only operation, else the operation.
function nodeTitle(n) {
  if (!n.op) return n.kind === "constant" && n.number === undefined ? say("kind").constant : n.title;
  const op = operationName(n.op);
  if (n.kind === "loss") return op;
  if (n.name) return `${n.title} · ${op}`;
  if (!n.label) return op;
  if (!n.label.startsWith(n.op)) return `${n.label} · ${op}`;
  return n.label + op.slice(n.op.length); // linear1, linear1 线性
}

function innerTitle(part) {
  if (!part.op) return part.number !== undefined ? three(part.number) : say("kind").constant;
  return part.title === part.op ? operationName(part.op) : `${part.title} · ${operationName(part.op)}`;
}

// What a node is called in a sentence: with the modules around it.
function fullName(n) {
  if (n.name?.includes(".")) return n.name;
  const own = n.name ?? (n.label ? "" : operationInText(n.op || n.kind));
  const path = n.path && n.kind !== "input" ? n.path : "";
  return [path, own].filter(Boolean).join(path && own && !n.name ? " · " : ".") || n.title;
}

function operationInText(op) {
  return chineseName(op) ? `${op}（${chineseName(op)}）` : op;
}

// What its gradient is called: dW; the gradient of encoder.linear1.weight, where a path would run into the d.
function gradientName(n, name = fullName(n)) {
  const letters = n.name && !n.name.includes(".") && n.name.length <= 8;
  return letters ? `d${n.name}` : say("gradientOf", name);
}

// The same on its box, where there is little room: dW_q, else "grad", for no letter there is the user's.
function gradientLetter(n) {
  return n.name && !n.name.includes(".") && n.title.length <= 4 ? `d${n.title}` : say("letter");
}

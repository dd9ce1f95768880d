# %% [markdown]
# # The step as a program
# # 把一步写成程序
#
# Chapter 9 followed $dW_q$ through one attention head as formulas and as a picture. Here is the same step once more, as
# code that one can read, run and break: plain NumPy, in which nothing of the package is left.
#
# 第 9 章用公式和图跟着 $dW_q$ 走过了一个注意力头。同样的一步，这里写成代码：
# 只用 NumPy，不依赖本包，可以读，可以运行，也可以故意改错。
#
# The head has the same three lines as in the paper; a target $T$ makes a loss of what it returns.
#
# 这个头还是论文里的那几行；有了目标值 $T$，它的输出才有损失：
#
# $$Y = \mathrm{softmax}\Big(\frac{QK^\top}{\sqrt{d_k}}\Big)V \qquad L = \mathrm{mean}\big((Y-T)^{2}\big)$$
# %%
from guide import finding, in_both, say, show, table

import numpy as np
from attention_dw import make_leaves

from tinygrad_tf import Function, compile, gradcheck, graph


def head(X, W_q, W_k, W_v, T):
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    S = Q @ K.mT / np.sqrt(W_k.shape[-1])
    P = S.softmax()
    Y = P @ V
    L = ((Y - T) ** 2).mean()
    return L


leaves = make_leaves()  # random numbers in float64 | float64 的随机数
L = head(**leaves)
show(lambda _: graph.program(L), "What ran forward, and then, line by line, what runs backward.",
     "先是前向执行过的每一行，接着是反向要执行的每一行。")  # fmt: skip

# %% [markdown]
# ## Read it beside the picture
# ## 对着图来读
#
# Nobody wrote this program. The names are those of `head`; an operation without a name is called $A_1$, $A_2$, …
# Each line backward is the rule of one operation, with names put in. Follow a name upward from the end: $dW_q$ needs
# $dQ$, $dQ$ needs $dA_2$, that needs $dS$, and $dS$ needs $dP$ and the $P$ of the forward. In the picture these are
# the purple arrows, from bottom to top.
#
# 这段程序不是人写的。变量名取自 `head`；没有名字的运算结果叫 $A_1$、$A_2$……
# 反向的每一行都是一个运算的规则，只是代入了变量名。从最后一行往上找：$dW_q$ 用到 $dQ$，
# $dQ$ 用到 $dA_2$，$dA_2$ 用到 $dS$，$dS$ 又用到 $dP$ 和前向算出的 $P$。在图里，它们就是自下而上的紫色箭头。
# %%
show(lambda lang: graph.draw(L, path_to=leaves["W_q"], lang=lang),
     "The same lines as a picture, as far as they lead to $W_q$.",
     "同样的几行画成图；只画通往 $W_q$ 的部分。")  # fmt: skip
step = graph.program(L)
loss, gradients = step.run()
L.backward(retain_graph=True)
same = all((gradients[name] == leaves[name].grad.array).all() for name in ("W_q", "W_k", "W_v"))
finding(same and loss == L.item(), "The program gives the loss and the gradients of `backward()` to the last bit.",
        "程序给出的损失和梯度与 `backward()` 完全相同，一个比特都不差。")  # fmt: skip

# %% [markdown]
# ## Break a line, and let numbers find it
# ## 改错一行，让数值微分来找
#
# How would you notice that a line backward is wrong? The loss does not say: the forward is as right as before, and
# in training the loss may go on falling, only slower. What finds it is the definition of a derivative: move one entry
# of a weight by $\pm\varepsilon$, run the forward, and compare the gradient with
# $(L(w+\varepsilon) - L(w-\varepsilon)) / 2\varepsilon$. `gradcheck` does that for every entry. Three lines are
# broken here, one after the other:
#
# 反向的某一行写错了，怎样才能发现？看损失看不出来：前向没有变，训练时损失也许照样下降，只是慢一些。
# 能发现错误的是导数的定义，也就是数值微分：把权重的一个元素改动 $\pm\varepsilon$，重新前向计算，
# 再把 $(L(w+\varepsilon) - L(w-\varepsilon)) / 2\varepsilon$ 与梯度相比。
# `gradcheck` 对每个元素都这样检查。下面依次改错三行：
# %%
ROW_SUM = ("dS = P * (dP - np.sum(dP * P, axis=-1, keepdims=True))", "dS = P * dP")
EDITS = {  # the mistake: the line, and what it becomes | 错误：原来的一行，改成什么
    "": ("", ""),
    "the row sum of softmax is forgotten | 忘了 softmax 规则里的行和": ROW_SUM,
    "√d_k is forgotten | 忘了除以 √d_k": ("dA2 = dS / 1.4142135623730951", "dA2 = dS"),
    "P is not transposed | P 忘了转置": ("dV = P.mT @ dY", "dV = P @ dY"),
}  # fmt: skip


def edited(old, new):
    """The program with another line, as a function. | 换掉一行的程序，作为一个函数。"""
    names = {}
    exec(str(step).replace(old, new), names)
    return names["step"]


def is_right(run, name):
    """Whether a weight's gradient is the slope of the loss. | 某个权重的梯度是不是损失的斜率。"""

    class Step(Function):
        def forward(X, W_q, W_k, W_v, T):
            return run(X, W_q, W_k, W_v, T)[0]

        def backward(dY, Y, X, W_q, W_k, W_v, T):
            gradients = run(X, W_q, W_k, W_v, T)[1]
            return None, *[dY * gradients[key] for key in ("W_q", "W_k", "W_v")], None

    inputs = [x if key == name else x.detach() for key, x in leaves.items()]
    try:
        return gradcheck(Step.apply, *inputs, order=1), ""
    except AssertionError as problem:
        return False, str(problem)


weights = ["W_q", "W_k", "W_v"]
found = {said: [is_right(edited(*change), name) for name in weights] for said, change in EDITS.items()}
marks = ["".join("✓" if right else "✗" for right, _ in results) for results in found.values()]
rows = [[said or "as it was | 原样", *mark] for said, mark in zip(EDITS, marks, strict=True)]
show(table(["the line | 改动", "dW_q", "dW_k", "dW_v"], rows), "Which gradients `gradcheck` finds right.",
     "`gradcheck` 认为哪些梯度是对的。")  # fmt: skip
first = in_both(lambda _: is_right(edited(*ROW_SUM), "W_q")[1].split("\n")[0])
say(f"What it says of the first mistake: `{first[0]}`", f"对第一处错误，它的提示是：`{first[1]}`")
finding(marks == ["✓✓✓", "✗✗✓", "✗✗✓", "✓✓✗"],
        "Which gradients are wrong says where to look. A mistake spoils what lies behind it on the way back, and "
        "nothing else: $dS$ and $dA_2$ lie on the way to $W_q$ and $W_k$, $dV$ on the way to $W_v$.",
        "哪些梯度出错，就说明该去哪里找。一处错误只影响往回走时在它后面的量，不影响别的："
        "$dS$、$dA_2$ 在通往 $W_q$、$W_k$ 的路上，$dV$ 在通往 $W_v$ 的路上。")  # fmt: skip

# %% [markdown]
# ## Run it
# ## 让它跑起来
#
# Such a program is not only for reading. `compile` notes what a function does when it is first called, and runs that
# alone from then on: no Tensors, no graph, no walk. The numbers stay what they are.
#
# 这样的程序不只是用来读的。`compile` 在函数第一次被调用时记下它做了什么，以后只执行这些：
# 没有 Tensor，没有计算图，也不用再往回走一遍图。算出的数不变。
# %%
quick = compile(head)
before = {name: leaves[name].grad.array for name in weights}
for _ in range(3):
    for name in weights:
        leaves[name].grad = None
    quick(**leaves).backward()
unchanged = all((leaves[name].grad.array == before[name]).all() for name in weights)
finding(unchanged and len(quick.programs) == 1, "Compiled, the head has the same gradients, to the last bit.",
        "编译之后，这个头的梯度仍然完全相同。")  # fmt: skip

# %% [markdown]
# **Exercise.** Break `dP = dY @ V.mT`, by leaving the transpose out or by a wrong factor. Which gradients are wrong
# then, and which mistake does NumPy itself refuse? `step.save("step.py")` writes the program as a file that runs alone.
#
# **练习。** 把 `dP = dY @ V.mT` 改错：去掉转置，或者乘上一个错误的系数。哪些梯度会出错？哪种错误 NumPy 自己就会拒绝？
# `step.save("step.py")` 会把程序存成一个可以单独运行的文件。
#
# **Answer.** A wrong factor makes $dW_q$ and $dW_k$ wrong and leaves $dW_v$ right: $dP$ lies on the way to the first
# two, and $dV$ comes from $dY$ directly. Without the transpose NumPy refuses the product, since `dY` and `V` are both
# $3 \times 2$. Were $n = d_k$, the shapes would fit, and only the numbers would tell.
#
# **答案。** 系数错了，$dW_q$ 和 $dW_k$ 就错，$dW_v$ 仍然对：$dP$ 在通往前两者的路上，而 $dV$ 直接由 $dY$ 得来。
# 去掉转置，NumPy 会拒绝这个乘积，因为 `dY` 和 `V` 都是 $3 \times 2$。假如 $n = d_k$，形状就对得上，只有看数值才能发现。

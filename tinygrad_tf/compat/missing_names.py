"""The functions, classes and modules of PyTorch that this package has not: see :mod:`.missing`."""

from __future__ import annotations

from .missing import Row

OUT = "it will not come: this is an engine for Transformers, without convolutions, pooling and recurrent layers"
NOT_YET = "it is not here yet, and may come"
ALIKE = "it is here, in another form"
OTHERS = "it will not come: NumPy or another package does it as well"
CPU = "it will not come: NumPy computes on the CPU, in one process unless several are started"
_REAL = "entries are booleans, integers or real floats, and that will stay"
COMPLEX = Row("complex numbers", _REAL, "keep real and imaginary parts apart: x * cos + rotated * sin, as "
              "nn.RotaryPositions does")  # fmt: skip
LAYOUT = "it will not come: a Tensor is a NumPy array, and how that lies in memory is NumPy's business"
LINALG = Row("linear algebra", NOT_YET, "write np.linalg on x.detach().numpy(), where no gradient is needed")

Rows = dict[str, Row]


def _rows(names: str, what: str, rule: str, cure: str) -> Rows:
    """One row for each of the names; ``{}`` in the texts stands for the name."""
    return {n: Row(what.replace("{}", n), rule, cure.replace("{}", n)) for n in names.split()}


def _modules(names: str, what: str, rule: str, cure: str) -> Rows:
    """As :func:`_rows`, for modules, which ``import`` asks for, too."""
    return {n: row._replace(is_module=True) for n, row in _rows(names, what, rule, cure).items()}


def _instead(rule: str, rows: dict[str, tuple[str, str]]) -> Rows:
    """Rows of one rule: what it is, and what to write."""
    return {name: Row(what, rule, f"write {cure}") for name, (what, cure) in rows.items()}


_IMAGES = "nn.Linear on patches, as a ViT does: cut the image by reshape and permute"
_FUNCTIONS_OUT = {
    **_rows("conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d", "a convolution", OUT,
            f"write {_IMAGES}"),
    **_rows("avg_pool1d adaptive_avg_pool1d max_pool1d max_pool2d max_pool3d", "pooling", OUT,
            "write x.reshape(…, n // k, k).mean(-1) or .amax(-1)"),
    **_rows("batch_norm instance_norm group_norm", "a norm over channels or batches", OUT,
            "write nn.functional.layer_norm, which is a Transformer's"),
    **_rows("pixel_shuffle pixel_unshuffle channel_shuffle", "a rearrangement of images", OUT,
            "write reshape and permute"),
}  # fmt: skip
_RECURRENT = "write the step as a loop over nn.Linear, or nn.TransformerEncoder"

_TORCH = {
    **_FUNCTIONS_OUT,
    **_rows("lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell", "a recurrent layer", OUT,
            _RECURRENT),
    **dict.fromkeys(
        ("angle", "cdouble", "cfloat", "chalf", "complex", "complex32", "conj", "imag", "is_complex", "is_conj",
         "polar", "real", "resolve_conj", "view_as_complex", "view_as_real"), COMPLEX),
    **dict.fromkeys(
        ("cholesky", "det", "inverse", "logdet", "lu", "matrix_exp", "matrix_power", "pinverse", "qr", "slogdet",
         "svd"), LINALG),
    **_rows("channels_last contiguous_format preserve_format strided memory_format layout as_strided", "a layout",
            LAYOUT, "leave it out"),
    **_rows("bartlett_window blackman_window hamming_window hann_window kaiser_window stft istft", "signal processing",
            OTHERS, "write scipy.signal or np.fft on arrays"),
    **_rows("quint8 qint8 qint32 quantize_per_tensor dequantize fake_quantize_per_tensor_affine", "numbers of few bits",
            NOT_YET, "write x.half(), which takes half the memory"),
    **_rows("uint16 uint32 uint64", "a type of integers", ALIKE, "write dtype='{}'"),
    **_rows("float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu BFloat16Tensor", "a short float",
            "NumPy has no such type", "write float16 or float32"),
    **_rows("sparse_coo_tensor sparse_csr_tensor", "a Tensor that stores some entries", LAYOUT,
            "write zeros(size) and index_put by scatter, or keep ids for nn.Embedding"),
    **_rows("Stream Event", "the order of work on a GPU", CPU, "leave it out"),
    **_rows("fork wait", "work that goes on beside", OTHERS, "write threading, or concurrent.futures"),
    **_rows("set_default_device", "where Tensors are made", ALIKE, "leave it out: it is the CPU"),
    **_rows("cosine_similarity pairwise_distance prelu celu", "a function", ALIKE, "write nn.functional.{}"),
    **_instead(ALIKE, {
        "adjoint": ("the conjugate transpose", "x.mT"),
        "argwhere": ("where entries are not 0", "nonzero(x)"),
        "asarray": ("data as a Tensor", "as_tensor(x)"),
        "bitwise_left_shift": ("a shift of bits", "x << n"),
        "bitwise_right_shift": ("a shift of bits", "x >> n"),
        "broadcast_shapes": ("the common shape", "np.broadcast_shapes(*shapes)"),
        "can_cast": ("whether a type goes into another", "np.can_cast(a, b)"),
        "clamp_max": ("the smaller of x and a number", "clamp(x, max=m)"),
        "clamp_min": ("the larger of x and a number", "clamp(x, min=m)"),
        "clone": ("a copy through which the gradient flows", "x.clone()"),
        "detach": ("the Tensor cut from its graph", "x.detach()"),
        "fill": ("a Tensor full of one number", "full_like(x, value)"),
        "fix": ("the whole part", "trunc(x)"),
        "from_dlpack": ("a Tensor of another library", "from_numpy(np.from_dlpack(x))"),
        "frombuffer": ("a Tensor of bytes", "from_numpy(np.frombuffer(buffer, dtype))"),
        "func": ("derivatives of functions", "tinygrad_tf.jacobian, hessian, vjp, jvp, hvp"),
        "ger": ("a product of vectors", "outer(x, y)"),
        "get_default_device": ("where Tensors are made", 'device("cpu")'),
        "is_inference_mode_enabled": ("whether nothing is recorded", "not is_grad_enabled()"),
        "is_nonzero": ("the truth of one entry", "bool(x)"),
        "promote_types": ("the common type", "np.promote_types(a, b)"),
        "randint_like": ("random integers in a shape", "randint(low, high, x.shape)"),
        "range": ("numbers up to an end that counts", "arange(start, end + step, step)"),
        "result_type": ("the type of a sum", "np.result_type(a.array, b.array)"),
        "row_stack": ("rows one below the other", "vstack(tensors)"),
        "scalar_tensor": ("a number as a Tensor", "tensor(x)"),
        "select": ("one index of an axis", "x[:, i]"),
        "sgn": ("the sign", "sign(x)"),
        "signbit": ("whether below 0", "x < 0"),
        "split_with_sizes": ("pieces of given sizes", "split(x, sizes)"),
        "to_dlpack": ("a Tensor for another library", "x.numpy(), which has __dlpack__"),
        "typename": ("the name of a type", "x.type()"),
        "unravel_index": ("the index of a place", "np.unravel_index(i, shape)"),
        "unsafe_chunk": ("several pieces", "chunk(x, n)"),
        "unsafe_split": ("several pieces", "split(x, n)"),
        "vdot": ("a product of vectors", "dot(x, y)"),
        "vmap": ("a function over a batch", "the function itself on an axis more: ops broadcast"),
    }),
    **_instead(NOT_YET, {
        "addbmm": ("M + Σ A · B", "M + (A @ B).sum(0)"),
        "addmv": ("y + A · x", "y + A @ x"),
        "addr": ("M + x · yᵀ", "M + outer(x, y)"),
        "alpha_dropout": ("dropout for SELU", "dropout(x, p, training)"),
        "aminmax": ("both ends of the range", "x.amin(dim), x.amax(dim)"),
        "bilinear": ("xᵀ · W · y", 'einsum("...i,oij,...j->...o", x, W, y)'),
        "binomial": ("counts of successes", "np.random.binomial, or a sum of bernoulli"),
        "block_diag": ("matrices along a diagonal", "zeros(…), and the blocks by pad and +"),
        "broadcast_tensors": ("Tensors in their common shape", "broadcast_to(x, shape) for each"),
        "bucketize": ("in which range entries fall", "np.searchsorted(limits, x.numpy())"),
        "cartesian_prod": ("all pairs", "stack([g.flatten() for g in meshgrid(x, y, indexing='ij')], -1)"),
        "cdist": ("distances of all pairs", "norm(x[..., :, None, :] - y[..., None, :, :], dim=-1)"),
        "chain_matmul": ("a product of several matrices", "A @ B @ C"),
        "combinations": ("all choices of r", "itertools.combinations as an index"),
        "corrcoef": ("a matrix of correlations", "np.corrcoef(x.numpy())"),
        "cosine_embedding_loss": ("a loss of pairs", "1 - nn.functional.cosine_similarity(x, y)"),
        "cov": ("a matrix of covariances", "c @ c.T / (n - 1) with c = x - x.mean(1, keepdim=True)"),
        "cumulative_trapezoid": ("the area below a curve so far", "cumsum((y[1:] + y[:-1]) / 2 * dx, 0)"),
        "diag_embed": ("vectors as diagonal matrices", "x[..., None] * eye(n)"),
        "diagflat": ("a vector as a diagonal matrix", "diag(x.flatten())"),
        "diagonal_scatter": ("a diagonal put into a matrix", "where(eye(n) > 0, d[:, None], x)"),
        "dist": ("the norm of a difference", "norm(x - y)"),
        "dstack": ("Tensors along a third axis", "stack(tensors, -1)"),
        "embedding_bag": ("sums of embeddings", "embedding(ids, W).sum(-2)"),
        "erfc": ("1 − erf x", "1 - erf(x)"),
        "erfinv": ("the inverse of erf", "scipy.special.erfinv on arrays"),
        "float_power": ("a power in float64", "x.double() ** n"),
        "frac": ("the part after the point", "x - trunc(x)"),
        "frexp": ("mantissa and exponent", "np.frexp(x.numpy())"),
        "gcd": ("the greatest common divisor", "np.gcd(x.numpy(), y.numpy())"),
        "hardshrink": ("0 around 0", "where(abs(x) > 0.5, x, 0.0)"),
        "heaviside": ("a step", "(x > 0).float()"),
        "hinge_embedding_loss": ("a loss of pairs", "where(y > 0, x, clamp(margin - x, min=0)).mean()"),
        "histc": ("counts by range", "histogram(x, bins).hist"),
        "i0": ("a Bessel function", "np.i0(x.numpy())"),
        "igamma": ("a gamma function", "scipy.special.gammainc on arrays"),
        "igammac": ("a gamma function", "scipy.special.gammaincc on arrays"),
        "digamma": ("the derivative of lgamma", "scipy.special.digamma on arrays"),
        "index_put": ("values put into their places", "scatter(x, dim, ids, values)"),
        "index_reduce": ("values brought together in their places", "scatter_reduce(x, dim, ids, values, reduce)"),
        "kthvalue": ("the k-th smallest", "x.sort(dim).values[..., k - 1]"),
        "lcm": ("the least common multiple", "np.lcm(x.numpy(), y.numpy())"),
        "ldexp": ("x · 2ⁿ", "x * 2.0**n"),
        "lgamma": ("the logarithm of the gamma function", "scipy.special.gammaln on arrays"),
        "logit": ("the inverse of the sigmoid", "log(x / (1 - x))"),
        "logspace": ("numbers at equal ratios", "10 ** linspace(a, b, n)"),
        "margin_ranking_loss": ("a loss of pairs", "clamp(-y * (a - b) + margin, min=0).mean()"),
        "masked_scatter": ("values put where a mask is true", "x[mask] = values"),
        "median": ("the middle value", "x.sort(dim).values[..., (n - 1) // 2]"),
        "mode": ("the most frequent value", "unique(x, return_counts=True)"),
        "msort": ("rows in order", "x.sort(0).values"),
        "mvlgamma": ("a gamma function", "scipy.special.multigammaln on arrays"),
        "nanmean": ("the mean of what is no NaN", "x[~isnan(x)].mean()"),
        "nanmedian": ("the middle value", "np.nanmedian(x.numpy())"),
        "nanquantile": ("a quantile", "np.nanquantile(x.numpy(), q)"),
        "nansum": ("the sum of what is no NaN", "nan_to_num(x, 0.0).sum()"),
        "nextafter": ("the next float", "np.nextafter(x.numpy(), y.numpy())"),
        "poisson": ("random counts", "np.random.default_rng().poisson(x.numpy())"),
        "poisson_nll_loss": ("a loss of counts", "(exp(x) - y * x).mean()"),
        "polygamma": ("a derivative of digamma", "scipy.special.polygamma on arrays"),
        "put": ("values put into their places", "scatter(x.flatten(), 0, ids, values)"),
        "quantile": ("a quantile", "np.quantile(x.numpy(), q)"),
        "renorm": ("rows of a largest norm", "x * clamp(m / norm(x, dim=1, keepdim=True), max=1)"),
        "rsub": ("a difference the other way round", "y - x"),
        "searchsorted": ("where entries would stand in order", "np.searchsorted(ordered, x.numpy())"),
        "select_scatter": ("one index replaced", "x[:, i] = y"),
        "slice_scatter": ("a slice replaced", "x[:, a:b] = y"),
        "threshold": ("x above a number, another below", "where(x > a, x, b)"),
        "trapezoid": ("the area below a curve", "((y[1:] + y[:-1]) / 2 * dx).sum()"),
        "trapz": ("the area below a curve", "((y[1:] + y[:-1]) / 2 * dx).sum()"),
        "triplet_margin_loss": ("a loss of triples", "clamp(norm(a - p, dim=1) - norm(a - n, dim=1) + 1, 0).mean()"),
        "unique_consecutive": ("each run once", "x[cat([tensor([True]), x[1:] != x[:-1]])]"),
        "vander": ("powers of a vector", "x[:, None] ** arange(n)"),
        "xlogy": ("x · log y, 0 at x = 0", "where(x == 0, 0.0, x * log(y))"),
    }),
    **_modules("sparse", "Tensors that store some entries", LAYOUT, "keep all entries, or ids for nn.Embedding"),
    **_modules("fft special linalg", "functions beyond those of Transformers", NOT_YET,
               "write np.fft, scipy.special, np.linalg on x.detach().numpy(), where no gradient is needed"),
    **_modules("hub", "models by name", ALIKE, "write models.GPT2.from_pretrained(name), or Llama, BERT"),
    **_modules("onnx export fx package", "a model written down for another program", ALIKE,
               "write graph.program(loss).save(path): plain NumPy; or model.state_dict() in safetensors"),
    **_modules("profiler", "where time goes", OTHERS, "write cProfile, and nn.summary(model, x) for costs"),
    **_modules("distributions", "probability distributions", NOT_YET,
               "write normal, uniform, bernoulli, multinomial, and log-probabilities by their formulas"),
    **_modules("testing", "assertions on Tensors", OTHERS, "write np.testing.assert_allclose(a.numpy(), b.numpy())"),
    **_modules("quantization ao", "numbers of few bits", NOT_YET,
               "write model.to(float16), which takes half the memory"),
    **_modules("nested", "batches of several lengths", NOT_YET, "pad them, and give attention a mask"),
    **_modules("compiler", "settings of torch.compile", ALIKE, "write tinygrad_tf.compile(f), which has none"),
    **_modules("mps xpu mtia", "another maker's GPU", CPU, 'write device="cpu"'),
}  # fmt: skip

_NN = {
    **_rows("Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d Fold Unfold",
            "a convolution", OUT, f"write {_IMAGES}"),
    **_rows("AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d "
            "AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d LPPool1d LPPool2d MaxUnpool2d "
            "FractionalMaxPool2d", "pooling", OUT, "write x.reshape(…, n // k, k).mean(-1) or .amax(-1)"),
    **_rows("LSTM GRU RNN LSTMCell GRUCell RNNCell RNNBase RNNCellBase", "a recurrent layer", OUT, _RECURRENT),
    **_rows("BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm SyncBatchNorm "
            "LocalResponseNorm LazyBatchNorm1d", "a norm over channels or batches", OUT,
            "write nn.LayerNorm or nn.RMSNorm, which are a Transformer's"),
    **_rows("Dropout1d Dropout2d Dropout3d", "dropout of whole channels", OUT, "write nn.Dropout(p)"),
    **_rows("AlphaDropout FeatureAlphaDropout", "dropout for SELU", NOT_YET, "write nn.Dropout(p)"),
    **_rows("Upsample UpsamplingBilinear2d UpsamplingNearest2d PixelShuffle PixelUnshuffle ChannelShuffle Softmax2d",
            "a layer for images", OUT, "write reshape, permute and repeat_interleave"),
    **_rows("ZeroPad1d ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d ReplicationPad1d "
            "ReplicationPad2d CircularPad1d CircularPad2d", "padding as a layer", NOT_YET,
            "write nn.functional.pad(x, widths, mode) in forward"),
    **_rows("CTCLoss", "the loss of unaligned sequences", OUT, "train an encoder and a decoder with cross-entropy"),
    **_rows("GaussianNLLLoss PoissonNLLLoss MarginRankingLoss HingeEmbeddingLoss CosineEmbeddingLoss SoftMarginLoss "
            "MultiMarginLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss TripletMarginLoss "
            "TripletMarginWithDistanceLoss", "a loss", NOT_YET, "write its formula in forward, with Tensors"),
    **_rows("AdaptiveLogSoftmaxWithLoss", "a softmax over many classes", NOT_YET, "write nn.CrossEntropyLoss()"),
    **_instead(NOT_YET, {
        "Bilinear": ("xᵀ · W · y", 'einsum("...i,oij,...j->...o", x, W, y) with a Parameter W'),
        "Buffer": ("a Tensor that a module keeps and does not learn", "self.register_buffer(name, tensor)"),
        "EmbeddingBag": ("sums of embeddings", "nn.Embedding(n, d)(ids).sum(-2)"),
        "Hardshrink": ("0 around 0", "where(abs(x) > 0.5, x, 0.0) in forward"),
        "LazyLinear": ("a linear layer that finds its input's size", "nn.Linear(in_features, out_features)"),
        "ParameterDict": ("parameters by name", "the parameters as attributes, or nn.ModuleDict of modules"),
        "RReLU": ("a leaky ReLU of random slope", "nn.LeakyReLU()"),
        "Softshrink": ("x brought nearer to 0", "sign(x) * clamp(abs(x) - 0.5, min=0) in forward"),
        "Threshold": ("x above a number, another below", "where(x > a, x, b) in forward"),
    }),
    **_modules("quantized qat", "numbers of few bits", NOT_YET, "write model.to(float16)"),
}  # fmt: skip

_FUNCTIONAL = {
    **_FUNCTIONS_OUT,
    **_rows("avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
            "lp_pool2d max_unpool2d fractional_max_pool2d", "pooling", OUT,
            "write x.reshape(…, n // k, k).mean(-1) or .amax(-1)"),
    **_rows("fold unfold", "the patches of images", OUT, f"write {_IMAGES}"),
    **_rows("interpolate upsample grid_sample affine_grid", "a change of an image's size", OUT,
            "write repeat_interleave, or a matrix product of weights"),
    **_rows("dropout1d dropout2d dropout3d", "dropout of whole channels", OUT, "write nn.functional.dropout"),
    **_rows("ctc_loss", "the loss of unaligned sequences", OUT, "train an encoder and a decoder with cross-entropy"),
    **_rows("gaussian_nll_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss soft_margin_loss "
            "triplet_margin_with_distance_loss", "a loss", NOT_YET, "write its formula, with Tensors"),
    **_rows("relu_ elu_ celu_ selu_ leaky_relu_ hardtanh_ threshold_ rrelu_", "{} writes into its Tensor", NOT_YET,
            "write the function without the last _"),
    **{name: _TORCH[name] for name in (
        "alpha_dropout", "bilinear", "cosine_embedding_loss", "embedding_bag", "hardshrink", "hinge_embedding_loss",
        "margin_ranking_loss", "poisson_nll_loss", "threshold", "triplet_margin_loss")},
    **_instead(NOT_YET, {
        "gumbel_softmax": ("a softmax with random choice", "softmax((x - log(-log(rand_like(x)))) / tau, -1)"),
        "local_response_norm": ("a norm over channels", "nn.functional.layer_norm"),
        "multi_head_attention_forward": ("attention with its projections", "nn.MultiheadAttention"),
        "pdist": ("distances of all pairs", "norm(x[:, None] - x[None], dim=-1)[triu_indices]"),
        "rrelu": ("a leaky ReLU of random slope", "nn.functional.leaky_relu(x)"),
        "softshrink": ("x brought nearer to 0", "sign(x) * clamp(abs(x) - 0.5, min=0)"),
    }),
}  # fmt: skip

_OPTIM = {
    **_rows("ASGD Adadelta Adafactor Adamax NAdam RAdam Rprop", "an optimiser", NOT_YET,
            "write optim.AdamW, SGD, RMSprop, Adagrad or Muon"),
    **_rows("LBFGS", "an optimiser that searches along a line", OTHERS,
            "write scipy.optimize.minimize on the flattened parameters"),
    **_rows("SparseAdam", "an optimiser for sparse gradients", LAYOUT, "write optim.Adam"),
    **_modules("swa_utils", "means of the weights", NOT_YET, "keep a copy: mean.lerp(weight, 0.001) after each step"),
}  # fmt: skip

_SCHEDULES = _instead(NOT_YET, {
    "ChainedScheduler": ("schedules one upon the other", "the step() of each in turn"),
    "MultiplicativeLR": ("a factor for each step", "optim.LambdaLR with the product so far"),
})  # fmt: skip

_INIT = {
    **_rows("dirac_", "the start of a convolution", OUT, "write nn.init.eye_-like weights by hand"),
    **_instead(NOT_YET, {
        "eye_": ("the identity", "nn.init.zeros_(w), and then w.array[range(n), range(n)] = 1 under no_grad"),
        "sparse_": ("mostly zeros", "nn.init.normal_(w), and a mask of bernoulli"),
    }),
    **_rows("constant eye normal orthogonal uniform xavier_normal xavier_uniform kaiming_normal kaiming_uniform",
            "the old name of {}_", ALIKE, "write {}_"),
}  # fmt: skip

_UTILS = {
    **_rows("weight_norm spectral_norm remove_weight_norm remove_spectral_norm", "a weight made of others", NOT_YET,
            "write v / norm(v) * g in forward, with Parameters v and g"),
    **_instead(ALIKE, {
        "clip_grad_norm": ("the old name of clip_grad_norm_", "nn.utils.clip_grad_norm_"),
        "get_total_norm": ("the norm of several gradients", "norm(stack([norm(g) for g in gradients]))"),
        "parameters_to_vector": ("all parameters as one vector", "cat([p.flatten() for p in model.parameters()])"),
        "vector_to_parameters": ("a vector back into parameters", "vector.split(sizes), and p.array[...] = part"),
    }),
    **_modules("parametrize parametrizations", "weights made of others", NOT_YET, "compute the weight in forward"),
    **_modules("stateless", "a module with other parameters", NOT_YET, "write load_state_dict"),
}  # fmt: skip

_AUTOGRAD = {
    **_modules("functional", "derivatives of functions", ALIKE,
               "write tinygrad_tf.jacobian, hessian, vjp, jvp, hvp"),
    **_modules("profiler", "where time goes", OTHERS, "write cProfile"),
    **_modules("forward_ad", "derivatives forward", ALIKE, "write tinygrad_tf.jvp"),
    **_modules("graph", "the nodes of the graph", ALIKE, "write t.op, t.inputs, and tinygrad_tf.graph"),
    **_modules("grad_mode", "where recording is switched", ALIKE, "write tinygrad_tf.no_grad"),
    **_instead(ALIKE, {
        "set_detect_anomaly": ("a switch that looks at every gradient", "with tinygrad_tf.debug(): around the step"),
        "gradgradcheck": ("a check of second derivatives", "gradcheck(f, *inputs), which checks both"),
    }),
}  # fmt: skip

_PARALLEL = "see tinygrad_tf.parallel: one batch over the ranks of an MPI job"
_DISTRIBUTED = {
    **_rows("init_process_group destroy_process_group get_rank get_world_size all_reduce all_gather broadcast barrier "
            "reduce scatter gather send recv new_group ReduceOp ProcessGroup all_gather_object broadcast_object_list "
            "get_backend group reduce_scatter all_to_all", "work of several processes", ALIKE, _PARALLEL),
    **_modules("algorithms device_mesh rpc", "work of several processes", ALIKE, _PARALLEL),
}  # fmt: skip

_PROCESSES = _rows("spawn start_processes Process Pool Queue SimpleQueue Event Lock Manager Value Array get_context "
                   "set_start_method get_start_method set_sharing_strategy get_sharing_strategy cpu_count",
                   "work of several processes", ALIKE, _PARALLEL)  # fmt: skip

_CUDA = {
    **_rows("current_device get_device_name get_device_properties get_device_capability set_device device mem_get_info "
            "memory_summary memory_reserved max_memory_reserved memory_stats current_stream stream Stream Event "
            "CUDAGraph get_rng_state set_rng_state", "a question to a GPU", CPU, "ask cuda.is_available() first"),
    **_modules("nvtx", "marks for NVIDIA's profiler", CPU, "leave it out"),
}  # fmt: skip

_SEQUENCES = _rows("pack_padded_sequence pad_packed_sequence pack_sequence PackedSequence",
                   "a batch of sequences for recurrent layers", OUT,
                   "pad the sequences and give attention a mask: src_key_padding_mask")  # fmt: skip

#: PyTorch's module below ``torch``, its names, and their rows.
ROWS: dict[str, Rows] = {
    "": _TORCH, "nn": _NN, "nn.functional": _FUNCTIONAL, "nn.init": _INIT, "nn.utils": _UTILS,
    "nn.utils.rnn": _SEQUENCES, "optim": _OPTIM, "optim.lr_scheduler": _SCHEDULES, "autograd": _AUTOGRAD,
    "distributed": _DISTRIBUTED, "multiprocessing": _PROCESSES, "cuda": _CUDA,
}  # fmt: skip

"""An independent transformer in plain numpy, float64, written from the published formulas and nothing else.

It shares no code with the package: absolute rotary positions instead of relative ones, explicit loops over time,
layers, heads and lags, and the exported arrays as a plain dictionary.
"""

import numpy as np


def _rotate(vector, position):
    angle = float(position)
    x, y = vector[0], vector[1]
    turned = vector.copy()
    turned[0] = np.cos(angle) * x - np.sin(angle) * y
    turned[1] = np.sin(angle) * x + np.cos(angle) * y
    return turned


def _softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


def twin(arrays, inputs, window=16, carries=None):
    """Run one sequence [time, n_in]; give outputs [time, n_out] and a dictionary of activations."""
    w = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    layers, heads, _, d_head = w["W_Q"].shape
    carry = w["r_0"] @ w["W_R"]
    history = [[[] for _ in range(heads)] for _ in range(layers)]
    keys = ("embed", "carry", "final", "resid_pre", "resid_mid", "resid_post", "pattern", "z", "pre", "post")
    seen = {name: [] for name in keys}
    outputs = []
    for t, x_in in enumerate(np.asarray(inputs, np.float64)):
        carry = carry if carries is None else np.asarray(carries[t], np.float64)
        embed = x_in @ w["W_E"] + w["b_E"]
        x = embed + carry
        step = {name: [] for name in keys[3:]}
        for layer in range(layers):
            step["resid_pre"].append(x)
            patterns, mixed = [], []
            update = w["b_O"][layer].copy()
            for head in range(heads):
                at = (layer, head)
                q = x @ w["W_Q"][at] + w["b_Q"][at]
                history[layer][head].append((x @ w["W_K"][at] + w["b_K"][at], x @ w["W_V"][at] + w["b_V"][at]))
                scores, values = [], []
                for lag in range(window):
                    s = t - lag
                    if s >= 0:
                        k, v = history[layer][head][s]
                    else:
                        k, v = w["r_0"] @ w["W_K"][at] + w["b_K"][at], w["r_0"] @ w["W_V"][at] + w["b_V"][at]
                    scores.append(_rotate(q, t) @ _rotate(k, s) / np.sqrt(d_head))
                    values.append(v)
                pattern = _softmax(np.array(scores))
                z = sum(p * v for p, v in zip(pattern, values, strict=True))
                patterns.append(pattern)
                mixed.append(z)
                update = update + z @ w["W_O"][at]
            x = x + update
            step["pattern"].append(patterns)
            step["z"].append(mixed)
            step["resid_mid"].append(x)
            pre = x @ w["W_in"][layer] + w["b_in"][layer]
            post = np.where(pre > 0, pre, 0.0)
            step["pre"].append(pre)
            step["post"].append(post)
            x = x + post @ w["W_out"][layer] + w["b_out"][layer]
            step["resid_post"].append(x)
        for name, values in (("embed", embed), ("carry", carry), ("final", x), *step.items()):
            seen[name].append(values)
        outputs.append(x @ w["W_U"] + w["b_U"])
        carry = x @ w["W_R"]
    return np.array(outputs), {name: np.array(values) for name, values in seen.items()}
